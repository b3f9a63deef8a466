//! Expressions over text, bytes and patterns; one per line.

pub(super) const CASES: &str = r##"
-- format
format('%s', 1)
format('%s %s', 'a')
format('%s', null::text)
format('%1$s %3$s %2$s', 'a', 'b', 'c')
format('%2$s %s', 'a', 'b', 'c')
format('%2$s %s', 'a', 'b')
format('|%10s|', 'abc')
format('|%-10s|', 'abc')
format('|%--10s|', 'abc')
format('|%2s|', 'abc')
format('|%*s|', 5, 'ab')
format('|%*s|', -5, 'ab')
format('|%-*s|', 5, 'ab')
format('|%*2$s|', 'ab', 6)
format('|%1$*2$s|', 'ab', 6)
format('|%*s|', null::int, 'ab')
format('%0$s', 'a')
format('%s %', 'a')
format('%x', 'a')
format('%%%s%%', 'é')
format('%-5s|', 'é')
format('%I', 'between')
format('%I', 'Abc')
format('%I', 'abc_1$')
format('%I', 'a"b')
format('%I', '1a')
format('%I', '')
format('%I', 'abort')
format('%I', 'int')
format('%I', 'left')
format('%I', 'value')
format('%I', 'é')
format('%L', 'a\b''c')
format('%L', 1.5)
format('%L', true)
format('%L', date '2024-01-01')
format('%s', array[1, 2])
format('no arguments')
format(null)
format('%s', true)
format('%10I|', 'a b')
format('%-12L|', 'a b')
-- concat
concat()
concat('a')
concat(null, null)
concat(1, 2.50, true, date '2024-01-01', 'x')
concat_ws(',', null, null)
concat_ws('', 'a', 'b')
concat_ws(', ', 1, null, 'b', true)
concat_ws(null::text, 'a', 'b')
-- parts
overlay('abcdef' placing 'XX' from 1 for 0)
overlay('abcdef' placing 'XX' from 7)
overlay('abcdef' placing 'XX' from 20)
overlay('abcdef' placing 'XX' from 2 for -1)
overlay('abcdef' placing '' from 2 for 2)
overlay('abcdef' placing 'XX' from 0)
overlay('abcdef' placing 'XX' from 2 for 2147483647)
overlay('éàü' placing 'x' from 2)
overlay('abc', null, 1)
position('' in '')
position('é' in 'aéb')
strpos('aéb', 'b')
strpos('', 'a')
strpos('abc', '')
substring('abc' from 2)
substring('abc' from -5 for 7)
substring('abc' from 2 for 0)
substring('abc' from 2147483647 for 2147483647)
substring('abc' from -2147483648 for 10)
substring('abc', 1, -1)
substring('éàü' from 2 for 1)
substr('abc', 0)
substring('foobar' from '%#"o_b#"%' for '#')
substring('foobar', 'o.b')
substring('foobar', '(o)(.)b')
substring('foobar', '(x)?o')
substring('foobar', 'x')
substring('foobar', '')
substring('abcdefg', 'a#"%#"g', '#')
substring('abcdefg', 'a#"(bcd)#"%', '#')
substring('abcdefg', 'a#"%#"x|g', '#')
substring('abcdefg', 'a#"%|ab#"g', '#')
substring('abcdefg', 'a*#"%#"g*', '#')
substring('abcdefg', 'a#"%g', '#')
substring('abcdefg', 'a%g', '#')
substring('abcdefg', '%#"%#"%#"%', '#')
substring('abcdefg', 'a#"%#"g', '##')
left('', 3)
left('éàü', 2)
left('éàü', -1)
left('abc', 0)
left('abc', 2147483647)
left('abc', -2147483648)
right('éàü', 2)
right('éàü', -1)
right('abc', 2147483647)
right('abc', -2147483648)
lpad('é', 3)
lpad('é', 3, 'àü')
lpad('', 3, 'x')
lpad('abc', 0)
lpad('abc', -5)
lpad('abcdef', 3, 'x')
lpad('abc', 6, '')
rpad('é', 3, 'àü')
rpad('abcdef', 3)
rpad('', 0)
rpad('abc', 2147483647)
lpad('abc', 2147483647)
repeat('', 1000000)
repeat('ab', 0)
repeat('abc', 2147483647)
ltrim('xyxabc', 'xy')
rtrim('abcxyx', 'xy')
btrim('  abc  ')
btrim('éabcé', 'é')
trim('')
trim(trailing 'xy' from 'zxyxy')
trim(both '' from 'abc')
btrim('abc', '')
ltrim(null, 'x')
trim(e'\t\n x ')
split_part('a,b,c', ',', -3)
split_part('a,b,c', ',', -4)
split_part('', ',', 1)
split_part('', ',', -1)
split_part('abc', ',', 1)
split_part('abc', ',', -1)
split_part('abc', ',', 2)
split_part('abc', '', -1)
split_part('abc', '', 2)
split_part('a~@~b~@~c', '~@~', 2)
split_part('aéb', 'é', 2)
split_part(',a,', ',', 1)
split_part(',a,', ',', 3)
split_part(',a,', ',', -1)
split_part('a,b', ',', 2147483647)
translate('', 'abc', 'xyz')
translate('aabbcc', 'abca', 'xyzw')
translate('héllo', 'éo', 'e')
translate('abc', '', 'xyz')
replace('', '', 'x')
replace('aaa', 'aa', 'b')
replace('éé', 'é', 'e')
replace('abc', null, 'x')
reverse('')
reverse('añb')
initcap('')
initcap('hÉLLO wörld')
initcap('o''neil-smith 3rd_x')
upper('straße')
upper('éàü')
lower('ÉÀÜ')
lower('İ')
upper('ŉ')
ascii('')
ascii('€')
ascii('😀')
chr(128512)
chr(55296)
chr(1114112)
chr(-1)
chr(127)
md5('é')
md5(null)
to_hex(0)
to_hex(-2147483648)
to_hex(9223372036854775807)
to_hex(-1::bigint)
quote_ident('')
quote_ident('abc')
quote_ident('ABC')
quote_ident('a b')
quote_ident('select')
quote_ident('varchar')
quote_ident('natural')
quote_ident('_x1')
quote_ident('x$')
quote_literal('')
quote_literal(1.5)
quote_literal('a\''b')
quote_literal(true)
quote_literal(date '2024-01-01')
quote_literal(null::text)
quote_nullable('x')
quote_nullable(1)
quote_nullable(null::int)
starts_with('abc', '')
starts_with('', 'a')
starts_with('éa', 'é')
'abc' ^@ 'ab'
'abc' ^@ 'b'
char_length('')
character_length('é😀')
char_length('ab'::char(5))
octet_length('é😀')
octet_length('')
bit_length('é')
bit_length('')
unistr('\0441\043B\043E\043D')
unistr('d\u0061t\+000061')
unistr('a\\b')
unistr('\U0001F600')
unistr('\D83D\DE00')
unistr('\D83D')
unistr('\D83Dx')
unistr('\DE00')
unistr('wrong: \db99')
unistr('wrong: \xyz')
unistr('wrong: \0')
unistr('\u00zz')
unistr('\0000')
unistr('\U00110000')
unistr('')
normalize('ä')
normalize(unistr('a\0308'))
"normalize"('ä', 'NFD') = unistr('a\0308')
"normalize"('ﬁ', 'nfkc')
octet_length("normalize"('ẛ̣', 'NFKD'))
"normalize"('a', 'xxx')
string_to_array('a,b', ',')
array_to_string(array['a', null, 'b'], ',')
-- LIKE
'abc' like 'a%' escape ''
'a%c' like 'a#%c' escape '#'
'abc' like 'a#%c' escape '#'
'a_c' like 'aé_c' escape 'é'
'abc' like 'abc' escape 'xx'
'a\c' like 'a\c' escape ''
'a\c' like 'a\\c'
'a#' like 'a##' escape '#'
'a%%b' like 'a%b'
'éàü' like '_à_'
'éàü' like '%ü'
'' like ''
'abc' not like '_b_'
'ABC' ilike 'a_c'
'ÉÀ' ilike 'éà'
'ABC' not ilike 'abd'
'abc' ilike 'A#%' escape '#'
null like 'a'
'a' like null
'%' like '#%' escape '#'
'abc' like '%%%'
'aXbXc' like 'a%b%c'
'mississippi' like 'm%iss%ip_i'
'ab'::char(5) like 'ab'
'ab'::char(5) like 'ab   '
-- SIMILAR TO
'abc' similar to 'abc'
'abc' similar to 'a'
'abc' similar to '%(b|d)%'
'abc' similar to '(b|c)%'
'abc' not similar to '(b|c)%'
'abcdefg' similar to '_bcd#%' escape '#'
'abcd%' similar to '_bcd#%' escape '#'
'abcd\efg' similar to '_bcd\%' escape ''
'abcd\efg' similar to '_bcd%' escape '##'
'abc' similar to 'a[a-c]c'
'a.c' similar to 'a.c'
'abc' similar to 'a.c'
'a^c' similar to 'a^c'
'aaa' similar to 'a{3}'
'aaa' similar to 'a{2}'
'aaa' similar to 'a+'
'ab' similar to 'a|b'
'a' similar to 'a|b'
'' similar to ''
null similar to 'a'
'a
b' similar to 'a_b'
-- regular expressions
'abc' ~ 'abc'
'abc' ~ '^b'
'abc' ~ 'b$'
'ABC' ~* 'abc'
'ABC' ~ '(?i)abc'
'ABC' ~ '(?ic)abc'
'abc' ~ '***=a.c'
'a.c' ~ '***=a.c'
'abc' ~ '***:a.c'
'abc' ~ '***abc'
'abc' ~ '(?q)a.c'
'abc' ~ '(?x)a b # c
 c'
'a
b' ~ '^b'
'a
b' ~ '(?n)^b'
'a
b' ~ 'a.b'
'a
b' ~ '(?n)a.b'
'a
b' ~ '(?p)a.b'
'a
b' ~ '(?w)a.b'
'a
b' ~ '(?p)^b'
'a
b' ~ '(?w)^b'
'a
b' ~ '(?n)a[^x]b'
'a
b' ~ '(?n)a\Db'
'a
b' ~ '(?n)a$'
'a
b' ~ '(?n)\Ab'
'a
b' ~ '(?n)a\Z'
'a+b' ~ 'a\+b'
'a' ~ '\x61'
'é' ~ '\u00e9'
'😀' ~ '\U0001F600'
'a' ~ '\141'
'aa' ~ '(a)\1'
'ab' ~ '(a)\1'
'aA' ~ '(?i)(a)\1'
'abab' ~ '^(ab)\1$'
'ab' ~ '\1'
'ab' ~ '(a)\2'
'ab' ~ 'a(?=b)'
'ac' ~ 'a(?=b)'
'ac' ~ 'a(?!b)'
'ab' ~ '(?<=a)b'
'ab' ~ '(?<!a)b'
'a]b' ~ '[]]'
'a-b' ~ '[a-]'
'a^b' ~ '[\^]'
'a\b' ~ '[\\]'
'a1' ~ '[[:digit:]]'
'a1' ~ '[[:alnum:]_]+$'
'a1' ~ '[[:foo:]]'
'x' ~ '[[.x.]]'
'x' ~ '[[=x=]]'
'x' ~ '[b-a]'
'x' ~ '['
'x' ~ '(x'
'x' ~ 'x)'
'x' ~ '*x'
'x' ~ 'x**'
'x' ~ 'x{2,1}'
'x' ~ 'x{256}'
'x' ~ 'x{'
'x{' ~ 'x{'
'x' ~ 'x{1'
'x' ~ 'x{1,'
'x' ~ '\'
'x' ~ '\q'
'x' ~ '(?z)x'
'x' ~ '(?i'
'x' ~ 'a||x'
'x' ~ ''
'x' ~ '()'
'foo bar' ~ '\mfoo\M'
'foobar' ~ '\mbar'
'foo bar' ~ '[[:<:]]bar[[:>:]]'
'foo bar' ~ 'o\y'
'foo bar' ~ 'o\Yo'
'héllo' ~ '^\w+$'
'héllo' ~ '^[[:alpha:]]+$'
'É' ~* 'é'
'é' ~* '[É]'
'h' ~* '[G-I]'
'ab' !~ 'a'
'ab' !~* 'C'
null ~ 'a'
'ab '::char(5) ~ 'b$'
regexp_match('foobarbequebaz', '(?:bar)(beque)?')
regexp_match('abcd', 'a|ab|abc')
regexp_match('abcd', '(a|ab)(c|bcd)')
regexp_match('abcd', '(a|ab)(c|bcd)(d*)')
regexp_match('xyz', 'x*?')
regexp_match('XY1234Z', 'Y*([0-9]{1,3})')
regexp_match('XY1234Z', 'Y*?([0-9]{1,3})')
regexp_match('abc01234xyz', '(.*)(\d+)(.*)')
regexp_match('abc01234xyz', '(.*?)(\d+)(.*)')
regexp_match('abc01234xyz', '(?:(.*?)(\d+)(.*)){1,1}')
regexp_match('abc', '(x)|(b)')
regexp_match('abc', 'B', 'i')
regexp_match('abc', 'b', 'g')
regexp_match('abc', 'b', 'z')
regexp_match('a.c', 'a.c', 'q')
regexp_match('abc', '(a)(b)?(d)?')
regexp_match('', 'a*')
regexp_match('', '(a*)+')
regexp_match('', '(a)*')
regexp_match('aaa', '(a*)*')
regexp_match('aaa', '(a)*')
regexp_match('aaa', '(a*?)+$')
regexp_match('foo' || chr(10) || 'bar', '^(.*)$', 'n')
regexp_match(null, 'a')
regexp_replace('foobarbaz', 'b(..)', 'X\1Y')
regexp_replace('foobarbaz', 'b(..)', '\2')
regexp_replace('foobarbaz', 'b', '\\')
regexp_replace('foobarbaz', 'b', '\')
regexp_replace('foobarbaz', 'b', '\x\&\0')
regexp_replace('foobarbaz', '', 'X')
regexp_replace('foobarbaz', '', 'X', 'g')
regexp_replace('foobarbaz', 'a*', 'X', 'g')
regexp_replace('foobarbaz', 'B', 'X', 'gi')
regexp_replace('foobarbaz', 'b', 'X', '1')
regexp_replace('foobarbaz', 'b', 'X', 'z')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 0, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 1, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 3, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 7, 0, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 9, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 7)
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 3, 2)
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 1, 'g')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', -1, 0, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, -1, 'i')
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 100)
regexp_replace('héllo wörld', '[^a-z]', '', 'g')
regexp_replace('  a  b ', '\s+', ' ', 'g')
regexp_replace('abc', '(?=b)', '-')
regexp_replace(null, 'a', 'b')
regexp_split_to_array('a,b,,c', ',')
regexp_split_to_array('', ',')
regexp_split_to_array('abc', 'x*')
regexp_split_to_array('the quick brown', '\s*')
regexp_split_to_array('aXbxc', 'x', 'i')
regexp_split_to_array('abc', 'b', 'g')
regexp_split_to_array(',a,', ',')
regexp_split_to_array('123456', '.')
regexp_split_to_array('123456', '(?=4)')
regexp_count('123123123123123', '(12)3')
regexp_count('123123123123', '123', 1)
regexp_count('123123123123', '123', 3)
regexp_count('123123123123', '123', 33)
regexp_count('ABCABCABCABC', 'Abc', 1, '')
regexp_count('ABCABCABCABC', 'Abc', 1, 'i')
regexp_count('123123123123', '123', 0)
regexp_count('123123123123', '123', -3)
regexp_count('abc', '')
regexp_count('abc', 'b', 1, 'g')
regexp_like('Steven', '^Ste(v|ph)en$')
regexp_like('a' || chr(10) || 'd', 'a.d', 'n')
regexp_like('a' || chr(10) || 'd', 'a.d', 's')
regexp_like('abc', ' a . c ', 'x')
regexp_like('abc', 'a.c', 'g')
regexp_instr('abcdefghi', 'd.f')
regexp_instr('abcdefghi', 'd.q')
regexp_instr('abcabcabc', 'a.c')
regexp_instr('abcabcabc', 'a.c', 2)
regexp_instr('abcabcabc', 'a.c', 1, 3)
regexp_instr('abcabcabc', 'a.c', 1, 4)
regexp_instr('abcabcabc', 'A.C', 1, 2, 0, 'i')
regexp_instr('abcabcabc', 'a.c', 1, 1, 1)
regexp_instr('1234567890', '(123)(4(56)(78))', 1, 1, 0, 'i', 0)
regexp_instr('1234567890', '(123)(4(56)(78))', 1, 1, 0, 'i', 2)
regexp_instr('1234567890', '(123)(4(56)(78))', 1, 1, 1, 'i', 4)
regexp_instr('1234567890', '(123)(4(56)(78))', 1, 1, 0, 'i', 5)
regexp_instr('foo', 'foo(bar)?', 1, 1, 0, '', 1)
regexp_instr('abc', 'b', 1, 1, 0, '', 1)
regexp_instr('abc', 'b', 1, 1, 0, '', 2)
regexp_instr('abcabcabc', 'a.c', 0, 1)
regexp_instr('abcabcabc', 'a.c', 1, 0)
regexp_instr('abcabcabc', 'a.c', 1, 1, -1)
regexp_instr('abcabcabc', 'a.c', 1, 1, 2)
regexp_instr('abcabcabc', 'a.c', 1, 1, 0, 'g')
regexp_instr('abcabcabc', 'a.c', 1, 1, 0, '', -1)
regexp_substr('abcdefghi', 'd.f')
regexp_substr('abcdefghi', 'd.q')
regexp_substr('abcabcabc', 'a.c', 1, 3)
regexp_substr('abcabcabc', 'a.c', 1, 4)
regexp_substr('1234567890', '(123)(4(56)(78))', 1, 1, 'i', 0)
regexp_substr('1234567890', '(123)(4(56)(78))', 1, 1, 'i', 3)
regexp_substr('1234567890', '(123)(4(56)(78))', 1, 1, 'i', 5)
regexp_substr('abc', 'b', 1, 1, '', 1)
regexp_substr('abc', 'b', 1, 1, '', 2)
regexp_substr('foo', 'foo(bar)?', 1, 1, '', 1)
regexp_substr('abcabcabc', 'a.c', 0, 1)
regexp_substr('abcabcabc', 'a.c', 1, 0)
regexp_substr('abcabcabc', 'a.c', 1, 1, 'g')
regexp_substr('abcabcabc', 'a.c', 1, 1, '', -1)
-- bytes
encode('', 'hex')
encode('\x', 'base64')
encode('\x0102', 'HEX')
encode('\x01', 'foo')
decode('0x', 'hex')
decode('1', 'hex')
decode('0 1 0 2', 'hex')
decode('YQ', 'base64')
decode('YQ==', 'base64')
decode('Y=Q=', 'base64')
decode('YQ=', 'base64')
decode('Y Q = =', 'base64')
decode('é', 'base64')
decode('\\', 'escape')
decode('\00', 'escape')
decode('\400', 'escape')
decode('\377é', 'escape')
encode('\xff00415c', 'escape')
get_byte('\x1234567890', 4)
get_byte('\x1234567890', 5)
get_byte('\x1234567890', -1)
get_byte('\x', 0)
set_byte('\x1234567890', 4, 64)
set_byte('\x1234567890', 0, 511)
set_byte('\x1234567890', 5, 64)
get_bit('\x1234567890'::bytea, 30)
get_bit('\x1234567890'::bytea, 40)
set_bit('\x1234567890'::bytea, 30, 0)
set_bit('\x1234567890'::bytea, 30, 2)
set_bit('\x1234567890'::bytea, 30, 1)
bit_count('\x1234567890'::bytea)
bit_length('\x1234567890'::bytea)
octet_length('\x1234567890'::bytea)
length('\x1234567890'::bytea)
substring('\x1234567890'::bytea from 3 for 2)
substring('\x1234567890'::bytea from -1 for 3)
substring('\x1234567890'::bytea from 3)
substring('\x1234567890'::bytea from 3 for -1)
substr('\x1234567890'::bytea, 2, 2)
overlay('\x1234567890'::bytea placing '\x002003'::bytea from 2 for 3)
overlay('\x1234567890'::bytea placing '\x002003'::bytea from 2)
overlay('\x1234567890'::bytea placing '\x002003'::bytea from 0)
position('\x5678'::bytea in '\x1234567890'::bytea)
position(''::bytea in '\x1234567890'::bytea)
position('\xff'::bytea in '\x1234567890'::bytea)
btrim('\x1234567890'::bytea, '\x9012'::bytea)
trim(leading '\x12'::bytea from '\x121234'::bytea)
rtrim('\x1234567890'::bytea, '\x9078'::bytea)
'\x12'::bytea || '\x34'
sha224('abc')
sha256('')
sha256('abc'::bytea)
sha384('abc')
sha512('abc')
md5('abc'::bytea)
convert_from('\x68c3a9', 'UTF8')
convert_from('\xff', 'UTF8')
convert_from('\xe9', 'LATIN1')
convert_from('\x6100', 'UTF8')
convert_to('hé', 'utf-8')
convert_to('hé', 'LATIN1')
convert_to('€', 'LATIN1')
convert_to('a', 'nonsense')
"##;

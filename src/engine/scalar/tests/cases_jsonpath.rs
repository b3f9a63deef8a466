//! Paths and what they find, one expression per line; what Postgres answers is asked of it when the test runs.

pub(super) const CASES: &str = r##"
-- the text of paths
'$'::text::jsonpath
'strict $'::text::jsonpath
'LAX $.a'::text::jsonpath
' $ . a [ * ] '::text::jsonpath
'$.a.b.c'::text::jsonpath
'$."a b"."c\"d"'::text::jsonpath
'$.*'::text::jsonpath
'$.**'::text::jsonpath
'$.**{0}'::text::jsonpath
'$.**{2}'::text::jsonpath
'$.**{2 to 5}'::text::jsonpath
'$.**{2 to last}'::text::jsonpath
'$.**{last}'::text::jsonpath
'$.**{last to 3}'::text::jsonpath
'$.**{5 to 2}'::text::jsonpath
'$.**{-1}'::text::jsonpath
'$.**{a}'::text::jsonpath
'$.**{1.5}'::text::jsonpath
'$.**{2147483648}'::text::jsonpath
'$[0]'::text::jsonpath
'$[0, 1 to 3, last]'::text::jsonpath
'$[last - 1]'::text::jsonpath
'$[$.a]'::text::jsonpath
'$[$.a to $.b + 1]'::text::jsonpath
'$[*]'::text::jsonpath
'$[ 1to 2]'::text::jsonpath
'$[1 to 2]'::text::jsonpath
'$[]'::text::jsonpath
'$[1,]'::text::jsonpath
'$[1 to 2 to 3]'::text::jsonpath
'$[@]'::text::jsonpath
'@'::text::jsonpath
'@.a'::text::jsonpath
'last'::text::jsonpath
'last + 1'::text::jsonpath
'$ ? (@ > 1)'::text::jsonpath
'$?(@.a>1&&@.b<2||@.c==3)'::text::jsonpath
'$ ? (@.a > 1) ? (@.b > 2) .c'::text::jsonpath
'$ ? (@ ? (@ > 1) > 2)'::text::jsonpath
'$ ? ()'::text::jsonpath
'$ ? (@)'::text::jsonpath
'$ ? (@ > 1'::text::jsonpath
'$ ? @ > 1'::text::jsonpath
'$ ? (1 + 1)'::text::jsonpath
'$ ? (!(@.a == 1))'::text::jsonpath
'$ ? (!@.a)'::text::jsonpath
'$ ? (!exists(@.a))'::text::jsonpath
'$ ? (exists (@.a ? (@ > 1)))'::text::jsonpath
'$ ? (exists @.a)'::text::jsonpath
'$ ? (exists ())'::text::jsonpath
'$ ? ((@.a == 1) is unknown)'::text::jsonpath
'$ ? (@.a == 1 is unknown)'::text::jsonpath
'$ ? ((@.a == 1) is true)'::text::jsonpath
'$ ? ((@.a) is unknown)'::text::jsonpath
'$ ? (@ starts with "a")'::text::jsonpath
'$ ? (@ starts with $v)'::text::jsonpath
'$ ? (@ starts with 1)'::text::jsonpath
'$ ? (@ starts with @)'::text::jsonpath
'$ ? (@ starts "a")'::text::jsonpath
'$ ? (@ like_regex "a")'::text::jsonpath
'$ ? (@ like_regex "a" flag "i")'::text::jsonpath
'$ ? (@ like_regex "a" flag "ismq")'::text::jsonpath
'$ ? (@ like_regex "a" flag "qmsi")'::text::jsonpath
'$ ? (@ like_regex "a" flag "xq")'::text::jsonpath
'$ ? (@ like_regex "a" flag "x")'::text::jsonpath
'$ ? (@ like_regex "a" flag "z")'::text::jsonpath
'$ ? (@ like_regex "(" )'::text::jsonpath
'$ ? (@ like_regex "(" flag "q")'::text::jsonpath
'$ ? (@ like_regex $v)'::text::jsonpath
'$ ? (@ like_regex "a\\.b")'::text::jsonpath
'$ ? (@ like_regex "a" flag "")'::text::jsonpath
'$.a == 1'::text::jsonpath
'$.a = 1'::text::jsonpath
'$.a <> 1'::text::jsonpath
'$.a != 1'::text::jsonpath
'1 < 2'::text::jsonpath
'(1 < 2) == true'::text::jsonpath
'(1 < 2).type()'::text::jsonpath
'(1 < 2) && (3 > 4) || !(5 == 6)'::text::jsonpath
'1 && 2'::text::jsonpath
'$.a && $.b'::text::jsonpath
'!$.a'::text::jsonpath
'!(1 == 1)'::text::jsonpath
'! (1 == 1) && 1 == 2'::text::jsonpath
'exists($.a)'::text::jsonpath
'exists($.a) && exists($.b)'::text::jsonpath
'(exists($.a))'::text::jsonpath
'1 == 1 == 1'::text::jsonpath
'"a" == "b"'::text::jsonpath
'null'::text::jsonpath
'true'::text::jsonpath
'false'::text::jsonpath
'TRUE'::text::jsonpath
'Null'::text::jsonpath
'null.type()'::text::jsonpath
'"x".type()'::text::jsonpath
'"x" . size()'::text::jsonpath
'1.5'::text::jsonpath
'.5'::text::jsonpath
'5.'::text::jsonpath
'0.0'::text::jsonpath
'00'::text::jsonpath
'01'::text::jsonpath
'1e3'::text::jsonpath
'1E+3'::text::jsonpath
'1.5e-3'::text::jsonpath
'1e'::text::jsonpath
'1e+'::text::jsonpath
'1a'::text::jsonpath
'1.a'::text::jsonpath
'1.type()'::text::jsonpath
'1..type()'::text::jsonpath
'(1).type()'::text::jsonpath
'1 .type()'::text::jsonpath
'-1'::text::jsonpath
'- 1'::text::jsonpath
'+1'::text::jsonpath
'--1'::text::jsonpath
'-+-1'::text::jsonpath
'-(1)'::text::jsonpath
'-(1).type()'::text::jsonpath
'-1.5.abs()'::text::jsonpath
'-$'::text::jsonpath
'-$.a.b'::text::jsonpath
'- - $'::text::jsonpath
'+$.a'::text::jsonpath
'1 + 2'::text::jsonpath
'1 + 2 * 3'::text::jsonpath
'(1 + 2) * 3'::text::jsonpath
'1 * 2 + 3'::text::jsonpath
'1 - 2 - 3'::text::jsonpath
'1 - (2 - 3)'::text::jsonpath
'1 / 2 / 3'::text::jsonpath
'1 / (2 / 3)'::text::jsonpath
'8 % 3 * 2'::text::jsonpath
'-1 + 2'::text::jsonpath
'-$ + 2'::text::jsonpath
'(-$).a'::text::jsonpath
'(1 + 2).type()'::text::jsonpath
'(1 * 2).abs()'::text::jsonpath
'($.a + 1)[0]'::text::jsonpath
'($)'::text::jsonpath
'((($.a)))'::text::jsonpath
'($.a).b'::text::jsonpath
'($.a)[1].c'::text::jsonpath
'(($.a).b)[*]'::text::jsonpath
'$.a + '::text::jsonpath
'+ '::text::jsonpath
'$.a $.b'::text::jsonpath
'$a'::text::jsonpath
'$"a b"'::text::jsonpath
'$a.b'::text::jsonpath
'$a[0]'::text::jsonpath
'$1'::text::jsonpath
'$ a'::text::jsonpath
'$.$a'::text::jsonpath
'$.null.true.false.is.to.exists.unknown'::text::jsonpath
'$.strict.lax.last.starts.with.like_regex.flag'::text::jsonpath
'$.type.size.double.ceiling.floor.abs.keyvalue.datetime'::text::jsonpath
'$.type()'::text::jsonpath
'$.TYPE()'::text::jsonpath
'$.Size ()'::text::jsonpath
'$.type().size().double().ceiling().floor().abs().keyvalue().datetime()'::text::jsonpath
'$.datetime("HH24:MI")'::text::jsonpath
'$.datetime(1)'::text::jsonpath
'$.datetime("a","b")'::text::jsonpath
'$.type(1)'::text::jsonpath
'$.foo()'::text::jsonpath
'$.foo ()'::text::jsonpath
'$.abs'::text::jsonpath
'$.1'::text::jsonpath
'$. 1'::text::jsonpath
'$.1a'::text::jsonpath
'$. 1a'::text::jsonpath
'$. 1ab'::text::jsonpath
'$.a1'::text::jsonpath
'$.a_b'::text::jsonpath
'$.a-b'::text::jsonpath
'$.a.'::text::jsonpath
'$..a'::text::jsonpath
'$.a..b'::text::jsonpath
'$.'::text::jsonpath
'.a'::text::jsonpath
'[0]'::text::jsonpath
'$."\u0061\x62\u{63}\u{1F600}"'::text::jsonpath
'$."\ud83d\ude00"'::text::jsonpath
'$."\ud83d"'::text::jsonpath
'$."\ude00"'::text::jsonpath
'$."\u0000"'::text::jsonpath
'$."\x00"'::text::jsonpath
'$."\u12"'::text::jsonpath
'$."\u{1234567}"'::text::jsonpath
'$."\u{110000}"'::text::jsonpath
'$."\x1"'::text::jsonpath
'$."\q\w\/"'::text::jsonpath
'$."a'::text::jsonpath
'$"a'::text::jsonpath
'"abc'::text::jsonpath
'"a\'::text::jsonpath
'$.a\tb'::text::jsonpath
'$.\u0061\u0062'::text::jsonpath
'$.a\x62 == 1'::text::jsonpath
'\u0024'::text::jsonpath
'"\b\f\n\r\t\v"'::text::jsonpath
'/* c */ $ /* d */ . a'::text::jsonpath
'$.a /* x */ .b'::text::jsonpath
'$.a/* x */.b'::text::jsonpath
'$ /* x'::text::jsonpath
'/'::text::jsonpath
'*'::text::jsonpath
'$ * 2'::text::jsonpath
'$.**.a'::text::jsonpath
'$ ** 2'::text::jsonpath
'$.a.**.b'::text::jsonpath
'$ #'::text::jsonpath
'$ {1}'::text::jsonpath
'$ & 1'::text::jsonpath
'$ | 1'::text::jsonpath
'$ : 1'::text::jsonpath
'strict'::text::jsonpath
'lax'::text::jsonpath
'strict lax $'::text::jsonpath
'strict strict $'::text::jsonpath
'$ strict'::text::jsonpath
'$.é.日本'::text::jsonpath
'$["a"]'::text::jsonpath
'$[$["a"]]'::text::jsonpath
'$[0][1][2]'::text::jsonpath
'$[*][*].*.**'::text::jsonpath
'$[*] ? (@ == $x)'::text::jsonpath
'$x + $y * $"z"'::text::jsonpath
'$ ? (@.a[last] > @.b[0])'::text::jsonpath
'$ ? (last > 1)'::text::jsonpath
'$[last ? (@ > 1)]'::text::jsonpath
'$[0] ? (@ > 1) [1]'::text::jsonpath
'1 + 1 == 2'::text::jsonpath
'1 == 1 + 1'::text::jsonpath
'1 + (2 == 2)'::text::jsonpath
'-(1 == 1)'::text::jsonpath
'(1 == 1) + 1'::text::jsonpath
'($.a == 1).b'::text::jsonpath
'($.a == 1)[0]'::text::jsonpath
'($.a == 1) ? (@ == true)'::text::jsonpath
'($ ? (@.a > 1)).b'::text::jsonpath
'1 > 2 || 3 > 4 && 5 > 6'::text::jsonpath
'(1 > 2 || 3 > 4) && 5 > 6'::text::jsonpath
'1 > 2 && 3 > 4 && 5 > 6'::text::jsonpath
'1 > 2 && (3 > 4 && 5 > 6)'::text::jsonpath
'(1 > 2) || ((3 > 4) || 5 > 6)'::text::jsonpath
''::text::jsonpath
'  '::text::jsonpath
'$.a'::jsonpath
'$.'::jsonpath
-- what paths find
jsonb_path_query_array('{"a":12}', '$')
jsonb_path_exists('{"a":12}', '$')
jsonb_path_query_array('{"a":12}', '$', '{}', true)
jsonb_path_query_array('{"a":12}', '$.a')
jsonb_path_exists('{"a":12}', '$.a')
'{"a":12}'::jsonb @? '$.a'
jsonb_path_query_array('{"a":12}', '$.b')
jsonb_path_exists('{"a":12}', '$.b')
jsonb_path_query_first('{"a":12}', '$.b')
jsonb_path_query_array('{"a":12}', 'strict $.b')
jsonb_path_exists('{"a":12}', 'strict $.b')
jsonb_path_match('{"a":12}', 'strict $.b')
jsonb_path_query_array('{"a":12}', 'strict $.a.b')
jsonb_path_exists('{"a":12}', 'strict $.a.b')
'{"a":12}'::jsonb @@ 'strict $.a.b'
jsonb_path_query_array('{"a":12}', '$.a.b')
jsonb_path_exists('{"a":12}', '$.a.b')
jsonb_path_query_array('{"a":12}', '$.a.b', '{}', true)
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[*]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[*]')
'{"a":[1,2,3]}'::jsonb @? '$.a[*]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a')
jsonb_path_exists('{"a":[1,2,3]}', '$.a')
jsonb_path_query_first('{"a":[1,2,3]}', '$.a')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[0]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[0]')
jsonb_path_match('{"a":[1,2,3]}', '$.a[0]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[3]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[3]')
'{"a":[1,2,3]}'::jsonb @@ '$.a[3]'
jsonb_path_query_array('{"a":[1,2,3]}', 'strict $.a[3]')
jsonb_path_exists('{"a":[1,2,3]}', 'strict $.a[3]')
jsonb_path_query_array('{"a":[1,2,3]}', 'strict $.a[3]', '{}', true)
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[-1]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[-1]')
'{"a":[1,2,3]}'::jsonb @? '$.a[-1]'
jsonb_path_query_array('{"a":[1,2,3]}', 'strict $.a[-1]')
jsonb_path_exists('{"a":[1,2,3]}', 'strict $.a[-1]')
jsonb_path_query_first('{"a":[1,2,3]}', 'strict $.a[-1]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[last]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[last]')
jsonb_path_match('{"a":[1,2,3]}', '$.a[last]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[last - 1]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[last - 1]')
'{"a":[1,2,3]}'::jsonb @@ '$.a[last - 1]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[last + 1]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[last + 1]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[last + 1]', '{}', true)
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[0 to 1]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[0 to 1]')
'{"a":[1,2,3]}'::jsonb @? '$.a[0 to 1]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[2 to 1]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[2 to 1]')
jsonb_path_query_first('{"a":[1,2,3]}', '$.a[2 to 1]')
jsonb_path_query_array('{"a":[1,2,3]}', 'strict $.a[2 to 1]')
jsonb_path_exists('{"a":[1,2,3]}', 'strict $.a[2 to 1]')
jsonb_path_match('{"a":[1,2,3]}', 'strict $.a[2 to 1]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[-5 to 50]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[-5 to 50]')
'{"a":[1,2,3]}'::jsonb @@ '$.a[-5 to 50]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[0,0,2 to last]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[0,0,2 to last]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[0,0,2 to last]', '{}', true)
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[1.9]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[1.9]')
'{"a":[1,2,3]}'::jsonb @? '$.a[1.9]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[-0.9]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[-0.9]')
jsonb_path_query_first('{"a":[1,2,3]}', '$.a[-0.9]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a["1"]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a["1"]')
jsonb_path_match('{"a":[1,2,3]}', '$.a["1"]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[$.a]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[$.a]')
'{"a":[1,2,3]}'::jsonb @@ '$.a[$.a]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[$.a[0]]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[$.a[0]]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[$.a[0]]', '{}', true)
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[1e10]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[1e10]')
'{"a":[1,2,3]}'::jsonb @? '$.a[1e10]'
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[null]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[null]')
jsonb_path_query_first('{"a":[1,2,3]}', '$.a[null]')
jsonb_path_query_array('{"a":[1,2,3]}', '$.a[last ? (@ > 5)]')
jsonb_path_exists('{"a":[1,2,3]}', '$.a[last ? (@ > 5)]')
jsonb_path_match('{"a":[1,2,3]}', '$.a[last ? (@ > 5)]')
jsonb_path_query_array('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[$.b[last].size()][last]')
jsonb_path_exists('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[$.b[last].size()][last]')
'{"a":[1,2,3],"b":[[5,6],[7]]}'::jsonb @@ '$.b[$.b[last].size()][last]'
jsonb_path_query_array('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[*][last]')
jsonb_path_exists('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[*][last]')
jsonb_path_query_array('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[*][last]', '{}', true)
jsonb_path_query_array('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[*][1]')
jsonb_path_exists('{"a":[1,2,3],"b":[[5,6],[7]]}', '$.b[*][1]')
'{"a":[1,2,3],"b":[[5,6],[7]]}'::jsonb @? '$.b[*][1]'
jsonb_path_query_array('{"a":[1,2,3],"b":[[5,6],[7]]}', 'strict $.b[*][1]')
jsonb_path_exists('{"a":[1,2,3],"b":[[5,6],[7]]}', 'strict $.b[*][1]')
jsonb_path_query_first('{"a":[1,2,3],"b":[[5,6],[7]]}', 'strict $.b[*][1]')
jsonb_path_query_array('1', '$[0]')
jsonb_path_exists('1', '$[0]')
jsonb_path_match('1', '$[0]')
jsonb_path_query_array('1', '$[*]')
jsonb_path_exists('1', '$[*]')
'1'::jsonb @@ '$[*]'
jsonb_path_query_array('1', '$[last]')
jsonb_path_exists('1', '$[last]')
jsonb_path_query_array('1', '$[last]', '{}', true)
jsonb_path_query_array('1', '$[1]')
jsonb_path_exists('1', '$[1]')
'1'::jsonb @? '$[1]'
jsonb_path_query_array('1', 'strict $[0]')
jsonb_path_exists('1', 'strict $[0]')
jsonb_path_query_first('1', 'strict $[0]')
jsonb_path_query_array('1', 'strict $[*]')
jsonb_path_exists('1', 'strict $[*]')
jsonb_path_match('1', 'strict $[*]')
jsonb_path_query_array('1', 'strict $.a')
jsonb_path_exists('1', 'strict $.a')
'1'::jsonb @@ 'strict $.a'
jsonb_path_query_array('1', '$.a')
jsonb_path_exists('1', '$.a')
jsonb_path_query_array('1', '$.a', '{}', true)
jsonb_path_query_array('1', '$.*')
jsonb_path_exists('1', '$.*')
'1'::jsonb @? '$.*'
jsonb_path_query_array('1', 'strict $.*')
jsonb_path_exists('1', 'strict $.*')
jsonb_path_query_first('1', 'strict $.*')
jsonb_path_query_array('1', '$.**')
jsonb_path_exists('1', '$.**')
jsonb_path_match('1', '$.**')
jsonb_path_query_array('1', 'strict $.**')
jsonb_path_exists('1', 'strict $.**')
'1'::jsonb @@ 'strict $.**'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**', '{}', true)
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**.b')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @? '$.**.b'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.**.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.**.b')
jsonb_path_query_first('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.**.b')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{0}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{0}')
jsonb_path_match('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{0}')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1}')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @@ '$.**{1}'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}', '{}', true)
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{last}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{last}')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @? '$.**{last}'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1 to 2}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1 to 2}')
jsonb_path_query_first('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1 to 2}')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2 to last}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2 to last}')
jsonb_path_match('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2 to last}')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{last to 1}')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{last to 1}')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @@ '$.**{last to 1}'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1}.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1}.b')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1}.b', '{}', true)
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}.b')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @? '$.**{2}.b'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**.b ? (@ > 1)')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**.b ? (@ > 1)')
jsonb_path_query_first('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**.b ? (@ > 1)')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*.b')
jsonb_path_match('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*.b')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.*.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.*.b')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @@ 'strict $.*.b'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c.b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c.b')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c.b', '{}', true)
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c[*].b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c[*].b')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @? '$.c[*].b'
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.c[*].b')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.c[*].b')
jsonb_path_query_first('{"a":{"b":1},"c":[2,{"b":3}]}', 'strict $.c[*].b')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[*]')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[*]')
jsonb_path_match('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[*]')
jsonb_path_query_array('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[0]')
jsonb_path_exists('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[0]')
'{"a":{"b":1},"c":[2,{"b":3}]}'::jsonb @@ '$.*[0]'
jsonb_path_query_array('[[1],[2,[3]]]', '$[*]')
jsonb_path_exists('[[1],[2,[3]]]', '$[*]')
jsonb_path_query_array('[[1],[2,[3]]]', '$[*]', '{}', true)
jsonb_path_query_array('[[1],[2,[3]]]', '$[*][*]')
jsonb_path_exists('[[1],[2,[3]]]', '$[*][*]')
'[[1],[2,[3]]]'::jsonb @? '$[*][*]'
jsonb_path_query_array('[[1],[2,[3]]]', '$.a')
jsonb_path_exists('[[1],[2,[3]]]', '$.a')
jsonb_path_query_first('[[1],[2,[3]]]', '$.a')
jsonb_path_query_array('[[{"a":1}]]', '$.a')
jsonb_path_exists('[[{"a":1}]]', '$.a')
jsonb_path_match('[[{"a":1}]]', '$.a')
jsonb_path_query_array('[{"a":1}]', '$.a')
jsonb_path_exists('[{"a":1}]', '$.a')
'[{"a":1}]'::jsonb @@ '$.a'
jsonb_path_query_array('[{"a":1},{"a":2},{"b":3}]', '$.a')
jsonb_path_exists('[{"a":1},{"a":2},{"b":3}]', '$.a')
jsonb_path_query_array('[{"a":1},{"a":2},{"b":3}]', '$.a', '{}', true)
jsonb_path_query_array('[{"a":1},{"a":2},{"b":3}]', '$[*].a')
jsonb_path_exists('[{"a":1},{"a":2},{"b":3}]', '$[*].a')
'[{"a":1},{"a":2},{"b":3}]'::jsonb @? '$[*].a'
jsonb_path_query_array('[{"a":1},{"a":2},{"b":3}]', 'strict $[*].a')
jsonb_path_exists('[{"a":1},{"a":2},{"b":3}]', 'strict $[*].a')
jsonb_path_query_first('[{"a":1},{"a":2},{"b":3}]', 'strict $[*].a')
jsonb_path_query_array('[{"a":1},{"a":2}]', '$.*')
jsonb_path_exists('[{"a":1},{"a":2}]', '$.*')
jsonb_path_match('[{"a":1},{"a":2}]', '$.*')
jsonb_path_query_array('[{"a":1},{"a":2}]', 'strict $.*')
jsonb_path_exists('[{"a":1},{"a":2}]', 'strict $.*')
'[{"a":1},{"a":2}]'::jsonb @@ 'strict $.*'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*].type()')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*].type()')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*].type()', '{}', true)
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$.type()')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$.type()')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @? '$.type()'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$.size()')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$.size()')
jsonb_path_query_first('[1,"2",null,true,{"a":1},[7]]', '$.size()')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*].size()')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*].size()')
jsonb_path_match('[1,"2",null,true,{"a":1},[7]]', '$[*].size()')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', 'strict $[*].size()')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', 'strict $[*].size()')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @@ 'strict $[*].size()'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 1)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 1)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 1)', '{}', true)
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ != 1)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ != 1)')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @? '$[*] ? (@ != 1)'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == null)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == null)')
jsonb_path_query_first('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == null)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ != null)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ != null)')
jsonb_path_match('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ != null)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ > null)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ > null)')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @@ '$[*] ? (@ > null)'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? ((@ > 0) is unknown)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? ((@ > 0) is unknown)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? ((@ > 0) is unknown)', '{}', true)
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == true)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == true)')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @? '$[*] ? (@ == true)'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ >= false)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ >= false)')
jsonb_path_query_first('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ >= false)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@.a == 1)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@.a == 1)')
jsonb_path_match('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@.a == 1)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', 'strict $[*] ? (@.a == 1)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', 'strict $[*] ? (@.a == 1)')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @@ 'strict $[*] ? (@.a == 1)'
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$ ? (@ == 7)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$ ? (@ == 7)')
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$ ? (@ == 7)', '{}', true)
jsonb_path_query_array('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 7)')
jsonb_path_exists('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 7)')
'[1,"2",null,true,{"a":1},[7]]'::jsonb @? '$[*] ? (@ == 7)'
jsonb_path_query_array('[1,2,3,4]', '$ ? (@ > 2)')
jsonb_path_exists('[1,2,3,4]', '$ ? (@ > 2)')
jsonb_path_query_first('[1,2,3,4]', '$ ? (@ > 2)')
jsonb_path_query_array('[1,2,3,4]', '$[*] ? (@ > 2 && @ < 4)')
jsonb_path_exists('[1,2,3,4]', '$[*] ? (@ > 2 && @ < 4)')
jsonb_path_match('[1,2,3,4]', '$[*] ? (@ > 2 && @ < 4)')
jsonb_path_query_array('[1,2,3,4]', '$[*] ? (@ < 2 || @ > 3)')
jsonb_path_exists('[1,2,3,4]', '$[*] ? (@ < 2 || @ > 3)')
'[1,2,3,4]'::jsonb @@ '$[*] ? (@ < 2 || @ > 3)'
jsonb_path_query_array('[1,2,3,4]', '$[*] ? (!(@ < 3))')
jsonb_path_exists('[1,2,3,4]', '$[*] ? (!(@ < 3))')
jsonb_path_query_array('[1,2,3,4]', '$[*] ? (!(@ < 3))', '{}', true)
jsonb_path_query_array('[1,2,3,4]', '$ ? (@[*] > 3)')
jsonb_path_exists('[1,2,3,4]', '$ ? (@[*] > 3)')
'[1,2,3,4]'::jsonb @? '$ ? (@[*] > 3)'
jsonb_path_query_array('[1,2,3,4]', 'strict $ ? (@[*] > 3)')
jsonb_path_exists('[1,2,3,4]', 'strict $ ? (@[*] > 3)')
jsonb_path_query_first('[1,2,3,4]', 'strict $ ? (@[*] > 3)')
jsonb_path_query_array('[1,2,3,4]', 'strict $ ? (@ > 3)')
jsonb_path_exists('[1,2,3,4]', 'strict $ ? (@ > 3)')
jsonb_path_match('[1,2,3,4]', 'strict $ ? (@ > 3)')
jsonb_path_query_array('[1,"a",3]', 'strict $ ? (@[*] > 2)')
jsonb_path_exists('[1,"a",3]', 'strict $ ? (@[*] > 2)')
'[1,"a",3]'::jsonb @@ 'strict $ ? (@[*] > 2)'
jsonb_path_query_array('[1,"a",3]', 'lax $ ? (@[*] > 2)')
jsonb_path_exists('[1,"a",3]', 'lax $ ? (@[*] > 2)')
jsonb_path_query_array('[1,"a",3]', 'lax $ ? (@[*] > 2)', '{}', true)
jsonb_path_query_array('[1,"a"]', 'lax $[*] ? (@ > 2)')
jsonb_path_exists('[1,"a"]', 'lax $[*] ? (@ > 2)')
'[1,"a"]'::jsonb @? 'lax $[*] ? (@ > 2)'
jsonb_path_query_array('[1,"a"]', '$[*] > 2')
jsonb_path_exists('[1,"a"]', '$[*] > 2')
jsonb_path_query_first('[1,"a"]', '$[*] > 2')
jsonb_path_query_array('[1,"a"]', 'strict $[*] > 0')
jsonb_path_exists('[1,"a"]', 'strict $[*] > 0')
jsonb_path_match('[1,"a"]', 'strict $[*] > 0')
jsonb_path_query_array('[1,"a",5]', '$[*] > 2')
jsonb_path_exists('[1,"a",5]', '$[*] > 2')
'[1,"a",5]'::jsonb @@ '$[*] > 2'
jsonb_path_query_array('[1,2,3]', '$[*] > 2')
jsonb_path_exists('[1,2,3]', '$[*] > 2')
jsonb_path_query_array('[1,2,3]', '$[*] > 2', '{}', true)
jsonb_path_query_array('[1,2,3]', '$[*] > 3')
jsonb_path_exists('[1,2,3]', '$[*] > 3')
'[1,2,3]'::jsonb @? '$[*] > 3'
jsonb_path_query_array('[]', '$[*] > 3')
jsonb_path_exists('[]', '$[*] > 3')
jsonb_path_query_first('[]', '$[*] > 3')
jsonb_path_query_array('[]', 'strict $[*] > 3')
jsonb_path_exists('[]', 'strict $[*] > 3')
jsonb_path_match('[]', 'strict $[*] > 3')
jsonb_path_query_array('{}', '$.a > 3')
jsonb_path_exists('{}', '$.a > 3')
'{}'::jsonb @@ '$.a > 3'
jsonb_path_query_array('{}', 'strict $.a > 3')
jsonb_path_exists('{}', 'strict $.a > 3')
jsonb_path_query_array('{}', 'strict $.a > 3', '{}', true)
jsonb_path_query_array('{}', 'strict ($.a > 3) is unknown')
jsonb_path_exists('{}', 'strict ($.a > 3) is unknown')
'{}'::jsonb @? 'strict ($.a > 3) is unknown'
jsonb_path_query_array('{}', 'exists($.a)')
jsonb_path_exists('{}', 'exists($.a)')
jsonb_path_query_first('{}', 'exists($.a)')
jsonb_path_query_array('{}', 'strict exists($.a)')
jsonb_path_exists('{}', 'strict exists($.a)')
jsonb_path_match('{}', 'strict exists($.a)')
jsonb_path_query_array('{}', 'strict exists($.a) && 1 == 2')
jsonb_path_exists('{}', 'strict exists($.a) && 1 == 2')
'{}'::jsonb @@ 'strict exists($.a) && 1 == 2'
jsonb_path_query_array('{}', 'strict exists($.a) || 1 == 1')
jsonb_path_exists('{}', 'strict exists($.a) || 1 == 1')
jsonb_path_query_array('{}', 'strict exists($.a) || 1 == 1', '{}', true)
jsonb_path_query_array('{}', 'strict !exists($.a)')
jsonb_path_exists('{}', 'strict !exists($.a)')
'{}'::jsonb @? 'strict !exists($.a)'
jsonb_path_query_array('{"a":1}', 'exists($.a)')
jsonb_path_exists('{"a":1}', 'exists($.a)')
jsonb_path_query_first('{"a":1}', 'exists($.a)')
jsonb_path_query_array('{"a":1}', 'exists($.a ? (@ > 1))')
jsonb_path_exists('{"a":1}', 'exists($.a ? (@ > 1))')
jsonb_path_match('{"a":1}', 'exists($.a ? (@ > 1))')
jsonb_path_query_array('{"a":[]}', 'exists($.a[*])')
jsonb_path_exists('{"a":[]}', 'exists($.a[*])')
'{"a":[]}'::jsonb @@ 'exists($.a[*])'
jsonb_path_query_array('{"a":[]}', 'strict exists($.a[*])')
jsonb_path_exists('{"a":[]}', 'strict exists($.a[*])')
jsonb_path_query_array('{"a":[]}', 'strict exists($.a[*])', '{}', true)
jsonb_path_query_array('{"a":1}', '$.a == 1')
jsonb_path_exists('{"a":1}', '$.a == 1')
'{"a":1}'::jsonb @? '$.a == 1'
jsonb_path_query_array('{"a":1}', '$.a == 1.0')
jsonb_path_exists('{"a":1}', '$.a == 1.0')
jsonb_path_query_first('{"a":1}', '$.a == 1.0')
jsonb_path_query_array('{"a":1}', '$.a == "1"')
jsonb_path_exists('{"a":1}', '$.a == "1"')
jsonb_path_match('{"a":1}', '$.a == "1"')
jsonb_path_query_array('{"a":1}', '$.a == $.a')
jsonb_path_exists('{"a":1}', '$.a == $.a')
'{"a":1}'::jsonb @@ '$.a == $.a'
jsonb_path_query_array('{"a":[1,2],"b":[2,3]}', '$.a == $.b')
jsonb_path_exists('{"a":[1,2],"b":[2,3]}', '$.a == $.b')
jsonb_path_query_array('{"a":[1,2],"b":[2,3]}', '$.a == $.b', '{}', true)
jsonb_path_query_array('{"a":[1,2],"b":[2,3]}', '$.a[*] == $.b[*]')
jsonb_path_exists('{"a":[1,2],"b":[2,3]}', '$.a[*] == $.b[*]')
'{"a":[1,2],"b":[2,3]}'::jsonb @? '$.a[*] == $.b[*]'
jsonb_path_query_array('{"a":[1,2],"b":[2,3]}', 'strict $.a == $.b')
jsonb_path_exists('{"a":[1,2],"b":[2,3]}', 'strict $.a == $.b')
jsonb_path_query_first('{"a":[1,2],"b":[2,3]}', 'strict $.a == $.b')
jsonb_path_query_array('{"a":[1,2],"b":[2,3]}', 'strict $.a[*] == $.b[*]')
jsonb_path_exists('{"a":[1,2],"b":[2,3]}', 'strict $.a[*] == $.b[*]')
jsonb_path_match('{"a":[1,2],"b":[2,3]}', 'strict $.a[*] == $.b[*]')
jsonb_path_query_array('{"a":{},"b":{}}', '$.a == $.b')
jsonb_path_exists('{"a":{},"b":{}}', '$.a == $.b')
'{"a":{},"b":{}}'::jsonb @@ '$.a == $.b'
jsonb_path_query_array('{"a":{},"b":null}', '$.a == $.b')
jsonb_path_exists('{"a":{},"b":null}', '$.a == $.b')
jsonb_path_query_array('{"a":{},"b":null}', '$.a == $.b', '{}', true)
jsonb_path_query_array('{"a":{},"b":null}', '$.a != $.b')
jsonb_path_exists('{"a":{},"b":null}', '$.a != $.b')
'{"a":{},"b":null}'::jsonb @? '$.a != $.b'
jsonb_path_query_array('{"a":{},"b":1}', '$.a != $.b')
jsonb_path_exists('{"a":{},"b":1}', '$.a != $.b')
jsonb_path_query_first('{"a":{},"b":1}', '$.a != $.b')
jsonb_path_query_array('"abc"', '$ starts with "ab"')
jsonb_path_exists('"abc"', '$ starts with "ab"')
jsonb_path_match('"abc"', '$ starts with "ab"')
jsonb_path_query_array('"abc"', '$ starts with ""')
jsonb_path_exists('"abc"', '$ starts with ""')
'"abc"'::jsonb @@ '$ starts with ""'
jsonb_path_query_array('"abc"', '$ starts with "abcd"')
jsonb_path_exists('"abc"', '$ starts with "abcd"')
jsonb_path_query_array('"abc"', '$ starts with "abcd"', '{}', true)
jsonb_path_query_array('["abc","b",1]', '$[*] ? (@ starts with "a")')
jsonb_path_exists('["abc","b",1]', '$[*] ? (@ starts with "a")')
'["abc","b",1]'::jsonb @? '$[*] ? (@ starts with "a")'
jsonb_path_query_array('["abc","b",1]', '$[*] starts with "x"')
jsonb_path_exists('["abc","b",1]', '$[*] starts with "x"')
jsonb_path_query_first('["abc","b",1]', '$[*] starts with "x"')
jsonb_path_query_array('["abc","b",1]', 'strict $[*] starts with "a"')
jsonb_path_exists('["abc","b",1]', 'strict $[*] starts with "a"')
jsonb_path_match('["abc","b",1]', 'strict $[*] starts with "a"')
jsonb_path_query_array('["abc","b"]', 'strict $[*] starts with "a"')
jsonb_path_exists('["abc","b"]', 'strict $[*] starts with "a"')
'["abc","b"]'::jsonb @@ 'strict $[*] starts with "a"'
jsonb_path_query_array('1', '$ starts with "1"')
jsonb_path_exists('1', '$ starts with "1"')
jsonb_path_query_array('1', '$ starts with "1"', '{}', true)
jsonb_path_query_array('null', '$ starts with ""')
jsonb_path_exists('null', '$ starts with ""')
'null'::jsonb @? '$ starts with ""'
jsonb_path_query_array('"abc"', '$ like_regex "^A" flag "i"')
jsonb_path_exists('"abc"', '$ like_regex "^A" flag "i"')
jsonb_path_query_first('"abc"', '$ like_regex "^A" flag "i"')
jsonb_path_query_array('"abc"', '$ like_regex "^A"')
jsonb_path_exists('"abc"', '$ like_regex "^A"')
jsonb_path_match('"abc"', '$ like_regex "^A"')
jsonb_path_query_array('"abc"', '$ like_regex "B"')
jsonb_path_exists('"abc"', '$ like_regex "B"')
'"abc"'::jsonb @@ '$ like_regex "B"'
jsonb_path_query_array('"a\nb"', '$ like_regex "a.b"')
jsonb_path_exists('"a\nb"', '$ like_regex "a.b"')
jsonb_path_query_array('"a\nb"', '$ like_regex "a.b"', '{}', true)
jsonb_path_query_array('"a\nb"', '$ like_regex "a.b" flag "s"')
jsonb_path_exists('"a\nb"', '$ like_regex "a.b" flag "s"')
'"a\nb"'::jsonb @? '$ like_regex "a.b" flag "s"'
jsonb_path_query_array('"a\nb"', '$ like_regex "^b$"')
jsonb_path_exists('"a\nb"', '$ like_regex "^b$"')
jsonb_path_query_first('"a\nb"', '$ like_regex "^b$"')
jsonb_path_query_array('"a\nb"', '$ like_regex "^b$" flag "m"')
jsonb_path_exists('"a\nb"', '$ like_regex "^b$" flag "m"')
jsonb_path_match('"a\nb"', '$ like_regex "^b$" flag "m"')
jsonb_path_query_array('"a.b"', '$ like_regex "a.b" flag "q"')
jsonb_path_exists('"a.b"', '$ like_regex "a.b" flag "q"')
'"a.b"'::jsonb @@ '$ like_regex "a.b" flag "q"'
jsonb_path_query_array('"axb"', '$ like_regex "a.b" flag "q"')
jsonb_path_exists('"axb"', '$ like_regex "a.b" flag "q"')
jsonb_path_query_array('"axb"', '$ like_regex "a.b" flag "q"', '{}', true)
jsonb_path_query_array('"A.B"', '$ like_regex "a.b" flag "iq"')
jsonb_path_exists('"A.B"', '$ like_regex "a.b" flag "iq"')
'"A.B"'::jsonb @? '$ like_regex "a.b" flag "iq"'
jsonb_path_query_array('"a.b"', '$ like_regex "a\\.b"')
jsonb_path_exists('"a.b"', '$ like_regex "a\\.b"')
jsonb_path_query_first('"a.b"', '$ like_regex "a\\.b"')
jsonb_path_query_array('"axb"', '$ like_regex "a\\.b"')
jsonb_path_exists('"axb"', '$ like_regex "a\\.b"')
jsonb_path_match('"axb"', '$ like_regex "a\\.b"')
jsonb_path_query_array('"Äb"', '$ like_regex "ä" flag "i"')
jsonb_path_exists('"Äb"', '$ like_regex "ä" flag "i"')
'"Äb"'::jsonb @@ '$ like_regex "ä" flag "i"'
jsonb_path_query_array('1', '$ like_regex "1"')
jsonb_path_exists('1', '$ like_regex "1"')
jsonb_path_query_array('1', '$ like_regex "1"', '{}', true)
jsonb_path_query_array('["a",1]', '$[*] ? (@ like_regex "a")')
jsonb_path_exists('["a",1]', '$[*] ? (@ like_regex "a")')
'["a",1]'::jsonb @? '$[*] ? (@ like_regex "a")'
jsonb_path_query_array('["a",1]', 'strict $[*] like_regex "a"')
jsonb_path_exists('["a",1]', 'strict $[*] like_regex "a"')
jsonb_path_query_first('["a",1]', 'strict $[*] like_regex "a"')
jsonb_path_query_array('["a","b","B","ä",""]', '$[*] ? (@ > "a")')
jsonb_path_exists('["a","b","B","ä",""]', '$[*] ? (@ > "a")')
'["a","b","B","ä",""]'::jsonb @@ '$[*] ? (@ > "a")'
jsonb_path_query_array('["a","b","B","ä",""]', '$[*] ? (@ <= "a")')
jsonb_path_exists('["a","b","B","ä",""]', '$[*] ? (@ <= "a")')
jsonb_path_query_array('["a","b","B","ä",""]', '$[*] ? (@ <= "a")', '{}', true)
jsonb_path_query_array('{"a":2,"b":3}', '$.a + $.b')
jsonb_path_exists('{"a":2,"b":3}', '$.a + $.b')
'{"a":2,"b":3}'::jsonb @? '$.a + $.b'
jsonb_path_query_array('{"a":2,"b":3}', '$.a - $.b * 2')
jsonb_path_exists('{"a":2,"b":3}', '$.a - $.b * 2')
jsonb_path_query_first('{"a":2,"b":3}', '$.a - $.b * 2')
jsonb_path_query_array('{"a":2,"b":3}', '$.a / $.b')
jsonb_path_exists('{"a":2,"b":3}', '$.a / $.b')
jsonb_path_match('{"a":2,"b":3}', '$.a / $.b')
jsonb_path_query_array('{"a":2,"b":3}', '$.b % $.a')
jsonb_path_exists('{"a":2,"b":3}', '$.b % $.a')
'{"a":2,"b":3}'::jsonb @@ '$.b % $.a'
jsonb_path_query_array('{"a":2,"b":3}', '-$.a')
jsonb_path_exists('{"a":2,"b":3}', '-$.a')
jsonb_path_query_array('{"a":2,"b":3}', '-$.a', '{}', true)
jsonb_path_query_array('{"a":2,"b":3}', '+$.a')
jsonb_path_exists('{"a":2,"b":3}', '+$.a')
'{"a":2,"b":3}'::jsonb @? '+$.a'
jsonb_path_query_array('{"a":2,"b":3}', '-$')
jsonb_path_exists('{"a":2,"b":3}', '-$')
jsonb_path_query_first('{"a":2,"b":3}', '-$')
jsonb_path_query_array('{"a":2,"b":3}', '$.a + "1"')
jsonb_path_exists('{"a":2,"b":3}', '$.a + "1"')
jsonb_path_match('{"a":2,"b":3}', '$.a + "1"')
jsonb_path_query_array('{"a":2,"b":3}', '"1" + $.a')
jsonb_path_exists('{"a":2,"b":3}', '"1" + $.a')
'{"a":2,"b":3}'::jsonb @@ '"1" + $.a'
jsonb_path_query_array('{"a":2,"b":3}', '$.a + $.c')
jsonb_path_exists('{"a":2,"b":3}', '$.a + $.c')
jsonb_path_query_array('{"a":2,"b":3}', '$.a + $.c', '{}', true)
jsonb_path_query_array('{"a":2,"b":3}', 'strict $.a + $.c')
jsonb_path_exists('{"a":2,"b":3}', 'strict $.a + $.c')
'{"a":2,"b":3}'::jsonb @? 'strict $.a + $.c'
jsonb_path_query_array('{"a":2,"b":3}', '$.a / 0')
jsonb_path_exists('{"a":2,"b":3}', '$.a / 0')
jsonb_path_query_first('{"a":2,"b":3}', '$.a / 0')
jsonb_path_query_array('{"a":2,"b":3}', '$.a % 0')
jsonb_path_exists('{"a":2,"b":3}', '$.a % 0')
jsonb_path_match('{"a":2,"b":3}', '$.a % 0')
jsonb_path_query_array('{"a":2,"b":3}', '($.a + 1).type()')
jsonb_path_exists('{"a":2,"b":3}', '($.a + 1).type()')
'{"a":2,"b":3}'::jsonb @@ '($.a + 1).type()'
jsonb_path_query_array('{"a":[1,2],"b":3}', '$.a + $.b')
jsonb_path_exists('{"a":[1,2],"b":3}', '$.a + $.b')
jsonb_path_query_array('{"a":[1,2],"b":3}', '$.a + $.b', '{}', true)
jsonb_path_query_array('{"a":[1],"b":3}', '$.a + $.b')
jsonb_path_exists('{"a":[1],"b":3}', '$.a + $.b')
'{"a":[1],"b":3}'::jsonb @? '$.a + $.b'
jsonb_path_query_array('{"a":[1],"b":3}', 'strict $.a + $.b')
jsonb_path_exists('{"a":[1],"b":3}', 'strict $.a + $.b')
jsonb_path_query_first('{"a":[1],"b":3}', 'strict $.a + $.b')
jsonb_path_query_array('{"a":[1,-2,3]}', '-$.a')
jsonb_path_exists('{"a":[1,-2,3]}', '-$.a')
jsonb_path_match('{"a":[1,-2,3]}', '-$.a')
jsonb_path_query_array('{"a":[1,-2,3]}', '-$.a[*]')
jsonb_path_exists('{"a":[1,-2,3]}', '-$.a[*]')
'{"a":[1,-2,3]}'::jsonb @@ '-$.a[*]'
jsonb_path_query_array('{"a":[1,-2,3]}', 'strict -$.a')
jsonb_path_exists('{"a":[1,-2,3]}', 'strict -$.a')
jsonb_path_query_array('{"a":[1,-2,3]}', 'strict -$.a', '{}', true)
jsonb_path_query_array('{"a":[1,-2,"x"]}', '-$.a[*]')
jsonb_path_exists('{"a":[1,-2,"x"]}', '-$.a[*]')
'{"a":[1,-2,"x"]}'::jsonb @? '-$.a[*]'
jsonb_path_query_array('{"a":[1,-2,"x"]}', '(-$.a[*]).abs()')
jsonb_path_exists('{"a":[1,-2,"x"]}', '(-$.a[*]).abs()')
jsonb_path_query_first('{"a":[1,-2,"x"]}', '(-$.a[*]).abs()')
jsonb_path_query_array('{"a":1.50}', '$.a * 2')
jsonb_path_exists('{"a":1.50}', '$.a * 2')
jsonb_path_match('{"a":1.50}', '$.a * 2')
jsonb_path_query_array('{"a":1.50}', '$.a * 2.00')
jsonb_path_exists('{"a":1.50}', '$.a * 2.00')
'{"a":1.50}'::jsonb @@ '$.a * 2.00'
jsonb_path_query_array('{"a":1}', '$.a / 3')
jsonb_path_exists('{"a":1}', '$.a / 3')
jsonb_path_query_array('{"a":1}', '$.a / 3', '{}', true)
jsonb_path_query_array('{"a":1e400}', '$.a * 1e400')
jsonb_path_exists('{"a":1e400}', '$.a * 1e400')
'{"a":1e400}'::jsonb @? '$.a * 1e400'
jsonb_path_query_array('{"a":1}', '$.a + 1 > 1')
jsonb_path_exists('{"a":1}', '$.a + 1 > 1')
jsonb_path_query_first('{"a":1}', '$.a + 1 > 1')
jsonb_path_query_array('{"a":[1,2,3,4]}', '$.a ? (@ % 2 == 0)')
jsonb_path_exists('{"a":[1,2,3,4]}', '$.a ? (@ % 2 == 0)')
jsonb_path_match('{"a":[1,2,3,4]}', '$.a ? (@ % 2 == 0)')
jsonb_path_query_array('{"a":[1,2,3,4]}', '$.a[*] ? (@ % 2 == 0) + 1')
jsonb_path_exists('{"a":[1,2,3,4]}', '$.a[*] ? (@ % 2 == 0) + 1')
'{"a":[1,2,3,4]}'::jsonb @@ '$.a[*] ? (@ % 2 == 0) + 1'
jsonb_path_query_array('{"a":[1,2,3,4]}', '$ ? (@.a.size() == 4).a[0]')
jsonb_path_exists('{"a":[1,2,3,4]}', '$ ? (@.a.size() == 4).a[0]')
jsonb_path_query_array('{"a":[1,2,3,4]}', '$ ? (@.a.size() == 4).a[0]', '{}', true)
jsonb_path_query_array('[1.5,-1.5,0,"x"]', '$[*].ceiling()')
jsonb_path_exists('[1.5,-1.5,0,"x"]', '$[*].ceiling()')
'[1.5,-1.5,0,"x"]'::jsonb @? '$[*].ceiling()'
jsonb_path_query_array('[1.5,-1.5,0]', '$[*].ceiling()')
jsonb_path_exists('[1.5,-1.5,0]', '$[*].ceiling()')
jsonb_path_query_first('[1.5,-1.5,0]', '$[*].ceiling()')
jsonb_path_query_array('[1.5,-1.5,0]', '$.floor()')
jsonb_path_exists('[1.5,-1.5,0]', '$.floor()')
jsonb_path_match('[1.5,-1.5,0]', '$.floor()')
jsonb_path_query_array('[1.5,-1.5,0]', '$[*].abs()')
jsonb_path_exists('[1.5,-1.5,0]', '$[*].abs()')
'[1.5,-1.5,0]'::jsonb @@ '$[*].abs()'
jsonb_path_query_array('[1.5,-1.5,0]', 'strict $.abs()')
jsonb_path_exists('[1.5,-1.5,0]', 'strict $.abs()')
jsonb_path_query_array('[1.5,-1.5,0]', 'strict $.abs()', '{}', true)
jsonb_path_query_array('[1.5,-1.50,-0.0]', '$[*].abs()')
jsonb_path_exists('[1.5,-1.50,-0.0]', '$[*].abs()')
'[1.5,-1.50,-0.0]'::jsonb @? '$[*].abs()'
jsonb_path_query_array('["1.5"," 2 ","1e3","x"]', '$[*].double()')
jsonb_path_exists('["1.5"," 2 ","1e3","x"]', '$[*].double()')
jsonb_path_query_first('["1.5"," 2 ","1e3","x"]', '$[*].double()')
jsonb_path_query_array('["1.5"," 2 ","1e3"]', '$[*].double()')
jsonb_path_exists('["1.5"," 2 ","1e3"]', '$[*].double()')
jsonb_path_match('["1.5"," 2 ","1e3"]', '$[*].double()')
jsonb_path_query_array('[1.50,1e3,true]', '$[*].double()')
jsonb_path_exists('[1.50,1e3,true]', '$[*].double()')
'[1.50,1e3,true]'::jsonb @@ '$[*].double()'
jsonb_path_query_array('[1.50,12345678901234567890.123]', '$[*].double()')
jsonb_path_exists('[1.50,12345678901234567890.123]', '$[*].double()')
jsonb_path_query_array('[1.50,12345678901234567890.123]', '$[*].double()', '{}', true)
jsonb_path_query_array('["Infinity"]', '$[*].double()')
jsonb_path_exists('["Infinity"]', '$[*].double()')
'["Infinity"]'::jsonb @? '$[*].double()'
jsonb_path_query_array('["NaN"]', '$[*].double()')
jsonb_path_exists('["NaN"]', '$[*].double()')
jsonb_path_query_first('["NaN"]', '$[*].double()')
jsonb_path_query_array('["1e400"]', '$[*].double()')
jsonb_path_exists('["1e400"]', '$[*].double()')
jsonb_path_match('["1e400"]', '$[*].double()')
jsonb_path_query_array('[1e400]', '$[*].double()')
jsonb_path_exists('[1e400]', '$[*].double()')
'[1e400]'::jsonb @@ '$[*].double()'
jsonb_path_query_array('[1e-400]', '$[*].double()')
jsonb_path_exists('[1e-400]', '$[*].double()')
jsonb_path_query_array('[1e-400]', '$[*].double()', '{}', true)
jsonb_path_query_array('["0.1"]', '$.double() + 0.2')
jsonb_path_exists('["0.1"]', '$.double() + 0.2')
'["0.1"]'::jsonb @? '$.double() + 0.2'
jsonb_path_query_array('["123456789012345678"]', '$.double()')
jsonb_path_exists('["123456789012345678"]', '$.double()')
jsonb_path_query_first('["123456789012345678"]', '$.double()')
jsonb_path_query_array('[null]', '$[*].double()')
jsonb_path_exists('[null]', '$[*].double()')
jsonb_path_match('[null]', '$[*].double()')
jsonb_path_query_array('[[1]]', '$[*].double()')
jsonb_path_exists('[[1]]', '$[*].double()')
'[[1]]'::jsonb @@ '$[*].double()'
jsonb_path_query_array('[["1"]]', '$.double()')
jsonb_path_exists('[["1"]]', '$.double()')
jsonb_path_query_array('[["1"]]', '$.double()', '{}', true)
jsonb_path_query_array('{}', '$.double()')
jsonb_path_exists('{}', '$.double()')
'{}'::jsonb @? '$.double()'
jsonb_path_query_array('{"a":1}', '$.keyvalue()')
jsonb_path_exists('{"a":1}', '$.keyvalue()')
jsonb_path_query_first('{"a":1}', '$.keyvalue()')
jsonb_path_query_array('{"a":1,"bb":[2]}', '$.keyvalue()')
jsonb_path_exists('{"a":1,"bb":[2]}', '$.keyvalue()')
jsonb_path_match('{"a":1,"bb":[2]}', '$.keyvalue()')
jsonb_path_query_array('{"a":1,"bb":[2]}', '$.keyvalue().key')
jsonb_path_exists('{"a":1,"bb":[2]}', '$.keyvalue().key')
'{"a":1,"bb":[2]}'::jsonb @@ '$.keyvalue().key'
jsonb_path_query_array('{"a":1,"bb":[2]}', '$.keyvalue() ? (@.key == "a").value')
jsonb_path_exists('{"a":1,"bb":[2]}', '$.keyvalue() ? (@.key == "a").value')
jsonb_path_query_array('{"a":1,"bb":[2]}', '$.keyvalue() ? (@.key == "a").value', '{}', true)
jsonb_path_query_array('{}', '$.keyvalue()')
jsonb_path_exists('{}', '$.keyvalue()')
'{}'::jsonb @? '$.keyvalue()'
jsonb_path_query_array('[{"a":1},{"b":2}]', '$.keyvalue()')
jsonb_path_exists('[{"a":1},{"b":2}]', '$.keyvalue()')
jsonb_path_query_first('[{"a":1},{"b":2}]', '$.keyvalue()')
jsonb_path_query_array('[{"a":1},{"b":2}]', '$[*].keyvalue()')
jsonb_path_exists('[{"a":1},{"b":2}]', '$[*].keyvalue()')
jsonb_path_match('[{"a":1},{"b":2}]', '$[*].keyvalue()')
jsonb_path_query_array('[{"a":1},{"b":2}]', 'strict $.keyvalue()')
jsonb_path_exists('[{"a":1},{"b":2}]', 'strict $.keyvalue()')
'[{"a":1},{"b":2}]'::jsonb @@ 'strict $.keyvalue()'
jsonb_path_query_array('[{"a":1},1]', '$[*].keyvalue()')
jsonb_path_exists('[{"a":1},1]', '$[*].keyvalue()')
jsonb_path_query_array('[{"a":1},1]', '$[*].keyvalue()', '{}', true)
jsonb_path_query_array('1', '$.keyvalue()')
jsonb_path_exists('1', '$.keyvalue()')
'1'::jsonb @? '$.keyvalue()'
jsonb_path_query_array('{"a":{"b":{"c":1}}}', '$.a.keyvalue()')
jsonb_path_exists('{"a":{"b":{"c":1}}}', '$.a.keyvalue()')
jsonb_path_query_first('{"a":{"b":{"c":1}}}', '$.a.keyvalue()')
jsonb_path_query_array('{"a":{"b":{"c":1}}}', '$.**.keyvalue()')
jsonb_path_exists('{"a":{"b":{"c":1}}}', '$.**.keyvalue()')
jsonb_path_match('{"a":{"b":{"c":1}}}', '$.**.keyvalue()')
jsonb_path_query_array('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.c.keyvalue()')
jsonb_path_exists('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.c.keyvalue()')
'{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}'::jsonb @@ '$.c.keyvalue()'
jsonb_path_query_array('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[*] ? (@.f > 1).keyvalue()')
jsonb_path_exists('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[*] ? (@.f > 1).keyvalue()')
jsonb_path_query_array('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[*] ? (@.f > 1).keyvalue()', '{}', true)
jsonb_path_query_array('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[last].keyvalue()')
jsonb_path_exists('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[last].keyvalue()')
'{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}'::jsonb @? '$.e[last].keyvalue()'
jsonb_path_query_array('{"a":"xyz","b":123456789.123456789,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":"xyz","b":123456789.123456789,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_first('{"a":"xyz","b":123456789.123456789,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_array('{"a":100000000,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":100000000,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_match('{"a":100000000,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_array('{"a":1e70,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":1e70,"c":{"d":1}}', '$.c.keyvalue()')
'{"a":1e70,"c":{"d":1}}'::jsonb @@ '$.c.keyvalue()'
jsonb_path_query_array('{"a":0,"b":0.0001,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":0,"b":0.0001,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_array('{"a":0,"b":0.0001,"c":{"d":1}}', '$.c.keyvalue()', '{}', true)
jsonb_path_query_array('{"a":1e300,"b":1e-70,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":1e300,"b":1e-70,"c":{"d":1}}', '$.c.keyvalue()')
'{"a":1e300,"b":1e-70,"c":{"d":1}}'::jsonb @? '$.c.keyvalue()'
jsonb_path_query_array('{"a":10001,"b":10000,"bb":-0.00100,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"a":10001,"b":10000,"bb":-0.00100,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_first('{"a":10001,"b":10000,"bb":-0.00100,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_array('{"äö":"日本","c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_exists('{"äö":"日本","c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_match('{"äö":"日本","c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query_array('{"a":{"b":1}}', '$.keyvalue().value.keyvalue()')
jsonb_path_exists('{"a":{"b":1}}', '$.keyvalue().value.keyvalue()')
'{"a":{"b":1}}'::jsonb @@ '$.keyvalue().value.keyvalue()'
jsonb_path_query_array('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().value.keyvalue()')
jsonb_path_exists('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().value.keyvalue()')
jsonb_path_query_array('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().value.keyvalue()', '{}', true)
jsonb_path_query_array('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().keyvalue()')
jsonb_path_exists('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().keyvalue()')
'{"a":{"b":1},"c":{"d":2}}'::jsonb @? '$.keyvalue().keyvalue()'
jsonb_path_query_array('{"a":{"b":{"x":1}},"c":{"d":2}}', '$.keyvalue().value.keyvalue().value.keyvalue()')
jsonb_path_exists('{"a":{"b":{"x":1}},"c":{"d":2}}', '$.keyvalue().value.keyvalue().value.keyvalue()')
jsonb_path_query_first('{"a":{"b":{"x":1}},"c":{"d":2}}', '$.keyvalue().value.keyvalue().value.keyvalue()')
jsonb_path_query_array('{"a":[{"b":1},{"b":2}]}', '$ ? (exists(@.a.keyvalue() ? (@.value == 2)))')
jsonb_path_exists('{"a":[{"b":1},{"b":2}]}', '$ ? (exists(@.a.keyvalue() ? (@.value == 2)))')
jsonb_path_match('{"a":[{"b":1},{"b":2}]}', '$ ? (exists(@.a.keyvalue() ? (@.value == 2)))')
jsonb_path_query_array('"2017-03-10"', '$.datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime()')
'"2017-03-10"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10 12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10T12:34:56"', '$.datetime()')
jsonb_path_exists('"2017-03-10T12:34:56"', '$.datetime()')
'"2017-03-10T12:34:56"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10T12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56.789"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56.789"', '$.datetime()')
jsonb_path_query_first('"2017-03-10 12:34:56.789"', '$.datetime()')
jsonb_path_query_array_tz('"2017-03-10 12:34:56.789"', '$.datetime()')
jsonb_path_query_array('"2017-03-10T12:34:56.123456"', '$.datetime()')
jsonb_path_exists('"2017-03-10T12:34:56.123456"', '$.datetime()')
jsonb_path_match('"2017-03-10T12:34:56.123456"', '$.datetime()')
jsonb_path_query_array_tz('"2017-03-10T12:34:56.123456"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56+3"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56+3"', '$.datetime()')
'"2017-03-10 12:34:56+3"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10 12:34:56+3"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56-03:10"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56-03:10"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56-03:10"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10 12:34:56-03:10"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56 +3"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56 +3"', '$.datetime()')
'"2017-03-10 12:34:56 +3"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10 12:34:56 +3"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56 + 3"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56 + 3"', '$.datetime()')
jsonb_path_query_first('"2017-03-10 12:34:56 + 3"', '$.datetime()')
jsonb_path_query_array_tz('"2017-03-10 12:34:56 + 3"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 00:34:56+15:59"', '$.datetime()')
jsonb_path_exists('"2017-03-10 00:34:56+15:59"', '$.datetime()')
jsonb_path_match('"2017-03-10 00:34:56+15:59"', '$.datetime()')
jsonb_path_query_array_tz('"2017-03-10 00:34:56+15:59"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 23:34:56-15:59"', '$.datetime()')
jsonb_path_exists('"2017-03-10 23:34:56-15:59"', '$.datetime()')
'"2017-03-10 23:34:56-15:59"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10 23:34:56-15:59"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56+16"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56+16"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56+16"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10 12:34:56+16"', '$.datetime()')
jsonb_path_query_array('"12:34:56"', '$.datetime()')
jsonb_path_exists('"12:34:56"', '$.datetime()')
'"12:34:56"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"12:34:56"', '$.datetime()')
jsonb_path_query_array('"12:34:56.5"', '$.datetime()')
jsonb_path_exists('"12:34:56.5"', '$.datetime()')
jsonb_path_query_first('"12:34:56.5"', '$.datetime()')
jsonb_path_query_array_tz('"12:34:56.5"', '$.datetime()')
jsonb_path_query_array('"12:34"', '$.datetime()')
jsonb_path_exists('"12:34"', '$.datetime()')
jsonb_path_match('"12:34"', '$.datetime()')
jsonb_path_query_array_tz('"12:34"', '$.datetime()')
jsonb_path_query_array('"12:34:56+3"', '$.datetime()')
jsonb_path_exists('"12:34:56+3"', '$.datetime()')
'"12:34:56+3"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"12:34:56+3"', '$.datetime()')
jsonb_path_query_array('"12:34:56 -3:30"', '$.datetime()')
jsonb_path_exists('"12:34:56 -3:30"', '$.datetime()')
jsonb_path_query_array('"12:34:56 -3:30"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"12:34:56 -3:30"', '$.datetime()')
jsonb_path_query_array('"2017-3-1"', '$.datetime()')
jsonb_path_exists('"2017-3-1"', '$.datetime()')
'"2017-3-1"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"2017-3-1"', '$.datetime()')
jsonb_path_query_array('"2017-13-1"', '$.datetime()')
jsonb_path_exists('"2017-13-1"', '$.datetime()')
jsonb_path_query_first('"2017-13-1"', '$.datetime()')
jsonb_path_query_array_tz('"2017-13-1"', '$.datetime()')
jsonb_path_query_array('"2017-02-29"', '$.datetime()')
jsonb_path_exists('"2017-02-29"', '$.datetime()')
jsonb_path_match('"2017-02-29"', '$.datetime()')
jsonb_path_query_array_tz('"2017-02-29"', '$.datetime()')
jsonb_path_query_array('"2016-02-29"', '$.datetime()')
jsonb_path_exists('"2016-02-29"', '$.datetime()')
'"2016-02-29"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"2016-02-29"', '$.datetime()')
jsonb_path_query_array('" 2017-03-01"', '$.datetime()')
jsonb_path_exists('" 2017-03-01"', '$.datetime()')
jsonb_path_query_array('" 2017-03-01"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('" 2017-03-01"', '$.datetime()')
jsonb_path_query_array('"2017-03-01 "', '$.datetime()')
jsonb_path_exists('"2017-03-01 "', '$.datetime()')
'"2017-03-01 "'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"2017-03-01 "', '$.datetime()')
jsonb_path_query_array('"2017/03/01"', '$.datetime()')
jsonb_path_exists('"2017/03/01"', '$.datetime()')
jsonb_path_query_first('"2017/03/01"', '$.datetime()')
jsonb_path_query_array_tz('"2017/03/01"', '$.datetime()')
jsonb_path_query_array('"20170301"', '$.datetime()')
jsonb_path_exists('"20170301"', '$.datetime()')
jsonb_path_match('"20170301"', '$.datetime()')
jsonb_path_query_array_tz('"20170301"', '$.datetime()')
jsonb_path_query_array('"17-03-01"', '$.datetime()')
jsonb_path_exists('"17-03-01"', '$.datetime()')
'"17-03-01"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"17-03-01"', '$.datetime()')
jsonb_path_query_array('"12017-03-01"', '$.datetime()')
jsonb_path_exists('"12017-03-01"', '$.datetime()')
jsonb_path_query_array('"12017-03-01"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"12017-03-01"', '$.datetime()')
jsonb_path_query_array('"9999999-03-10"', '$.datetime()')
jsonb_path_exists('"9999999-03-10"', '$.datetime()')
'"9999999-03-10"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"9999999-03-10"', '$.datetime()')
jsonb_path_query_array('"-2017-03-10"', '$.datetime()')
jsonb_path_exists('"-2017-03-10"', '$.datetime()')
jsonb_path_query_first('"-2017-03-10"', '$.datetime()')
jsonb_path_query_array_tz('"-2017-03-10"', '$.datetime()')
jsonb_path_query_array('"0000-03-10"', '$.datetime()')
jsonb_path_exists('"0000-03-10"', '$.datetime()')
jsonb_path_match('"0000-03-10"', '$.datetime()')
jsonb_path_query_array_tz('"0000-03-10"', '$.datetime()')
jsonb_path_query_array('"+2017-03-10"', '$.datetime()')
jsonb_path_exists('"+2017-03-10"', '$.datetime()')
'"+2017-03-10"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"+2017-03-10"', '$.datetime()')
jsonb_path_query_array('"25:00:00"', '$.datetime()')
jsonb_path_exists('"25:00:00"', '$.datetime()')
jsonb_path_query_array('"25:00:00"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"25:00:00"', '$.datetime()')
jsonb_path_query_array('"24:00:00"', '$.datetime()')
jsonb_path_exists('"24:00:00"', '$.datetime()')
'"24:00:00"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"24:00:00"', '$.datetime()')
jsonb_path_query_array('"12:60:00"', '$.datetime()')
jsonb_path_exists('"12:60:00"', '$.datetime()')
jsonb_path_query_first('"12:60:00"', '$.datetime()')
jsonb_path_query_array_tz('"12:60:00"', '$.datetime()')
jsonb_path_query_array('"12:34:60"', '$.datetime()')
jsonb_path_exists('"12:34:60"', '$.datetime()')
jsonb_path_match('"12:34:60"', '$.datetime()')
jsonb_path_query_array_tz('"12:34:60"', '$.datetime()')
jsonb_path_query_array('"1:2:3"', '$.datetime()')
jsonb_path_exists('"1:2:3"', '$.datetime()')
'"1:2:3"'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('"1:2:3"', '$.datetime()')
jsonb_path_query_array('"2017-03-10t12:34:56"', '$.datetime()')
jsonb_path_exists('"2017-03-10t12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10t12:34:56"', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10t12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10  12:34:56"', '$.datetime()')
jsonb_path_exists('"2017-03-10  12:34:56"', '$.datetime()')
'"2017-03-10  12:34:56"'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('"2017-03-10  12:34:56"', '$.datetime()')
jsonb_path_query_array('"2017-03-10 12:34:56Z"', '$.datetime()')
jsonb_path_exists('"2017-03-10 12:34:56Z"', '$.datetime()')
jsonb_path_query_first('"2017-03-10 12:34:56Z"', '$.datetime()')
jsonb_path_query_array_tz('"2017-03-10 12:34:56Z"', '$.datetime()')
jsonb_path_query_array('"infinity"', '$.datetime()')
jsonb_path_exists('"infinity"', '$.datetime()')
jsonb_path_match('"infinity"', '$.datetime()')
jsonb_path_query_array_tz('"infinity"', '$.datetime()')
jsonb_path_query_array('""', '$.datetime()')
jsonb_path_exists('""', '$.datetime()')
'""'::jsonb @@ '$.datetime()'
jsonb_path_query_array_tz('""', '$.datetime()')
jsonb_path_query_array('1', '$.datetime()')
jsonb_path_exists('1', '$.datetime()')
jsonb_path_query_array('1', '$.datetime()', '{}', true)
jsonb_path_query_array_tz('1', '$.datetime()')
jsonb_path_query_array('["2017-03-10","12:00:00"]', '$.datetime()')
jsonb_path_exists('["2017-03-10","12:00:00"]', '$.datetime()')
'["2017-03-10","12:00:00"]'::jsonb @? '$.datetime()'
jsonb_path_query_array_tz('["2017-03-10","12:00:00"]', '$.datetime()')
jsonb_path_query_array('["2017-03-10","12:00:00","12:00:00+1","2017-03-10 12:00:00","2017-03-10 12:00:00+1"]', '$[*].datetime().type()')
jsonb_path_exists('["2017-03-10","12:00:00","12:00:00+1","2017-03-10 12:00:00","2017-03-10 12:00:00+1"]', '$[*].datetime().type()')
jsonb_path_query_first('["2017-03-10","12:00:00","12:00:00+1","2017-03-10 12:00:00","2017-03-10 12:00:00+1"]', '$[*].datetime().type()')
jsonb_path_query_array_tz('["2017-03-10","12:00:00","12:00:00+1","2017-03-10 12:00:00","2017-03-10 12:00:00+1"]', '$[*].datetime().type()')
jsonb_path_query_array('["2017-03-10","2017-03-11","x"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_exists('["2017-03-10","2017-03-11","x"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_match('["2017-03-10","2017-03-11","x"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_query_array_tz('["2017-03-10","2017-03-11","x"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_query_array('["2017-03-10","2017-03-11"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_exists('["2017-03-10","2017-03-11"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
'["2017-03-10","2017-03-11"]'::jsonb @@ '$[*].datetime() ? (@ > "2017-03-10".datetime())'
jsonb_path_query_array_tz('["2017-03-10","2017-03-11"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_query_array('["2017-03-10","2017-03-11"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
jsonb_path_exists('["2017-03-10","2017-03-11"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
jsonb_path_query_array('["2017-03-10","2017-03-11"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())', '{}', true)
jsonb_path_query_array_tz('["2017-03-10","2017-03-11"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
jsonb_path_query_array('["2017-03-10","2017-03-11","x"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
jsonb_path_exists('["2017-03-10","2017-03-11","x"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
'["2017-03-10","2017-03-11","x"]'::jsonb @? '$[*] ? (@.datetime() > "2017-03-10".datetime())'
jsonb_path_query_array_tz('["2017-03-10","2017-03-11","x"]', '$[*] ? (@.datetime() > "2017-03-10".datetime())')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-11".datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime() < "2017-03-11".datetime()')
jsonb_path_query_first('"2017-03-10"', '$.datetime() < "2017-03-11".datetime()')
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() < "2017-03-11".datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01".datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01".datetime()')
jsonb_path_match('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01".datetime()')
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01".datetime()')
jsonb_path_query_array('"2017-03-10 00:00:01"', '$.datetime() > "2017-03-10".datetime()')
jsonb_path_exists('"2017-03-10 00:00:01"', '$.datetime() > "2017-03-10".datetime()')
'"2017-03-10 00:00:01"'::jsonb @@ '$.datetime() > "2017-03-10".datetime()'
jsonb_path_query_array_tz('"2017-03-10 00:00:01"', '$.datetime() > "2017-03-10".datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()')
jsonb_path_query_array('"2017-03-10 00:00:00"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_exists('"2017-03-10 00:00:00"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
'"2017-03-10 00:00:00"'::jsonb @? '$.datetime() == "2017-03-10 01:00:00+1".datetime()'
jsonb_path_query_array_tz('"2017-03-10 00:00:00"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_query_array('"2017-03-10 00:00:00+0"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_exists('"2017-03-10 00:00:00+0"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_query_first('"2017-03-10 00:00:00+0"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_query_array_tz('"2017-03-10 00:00:00+0"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_match('"2017-03-10"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_query_array('"10:00:00"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_exists('"10:00:00"', '$.datetime() < "12:00:00".datetime()')
'"10:00:00"'::jsonb @@ '$.datetime() < "12:00:00".datetime()'
jsonb_path_query_array_tz('"10:00:00"', '$.datetime() < "12:00:00".datetime()')
jsonb_path_query_array('"10:00:00"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_exists('"10:00:00"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_query_array('"10:00:00"', '$.datetime() < "12:00:00+1".datetime()', '{}', true)
jsonb_path_query_array_tz('"10:00:00"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_query_array('"10:00:00+3"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_exists('"10:00:00+3"', '$.datetime() < "12:00:00+1".datetime()')
'"10:00:00+3"'::jsonb @? '$.datetime() < "12:00:00+1".datetime()'
jsonb_path_query_array_tz('"10:00:00+3"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_query_array('"10:00:00+3"', '$.datetime() == "08:00:00+1".datetime()')
jsonb_path_exists('"10:00:00+3"', '$.datetime() == "08:00:00+1".datetime()')
jsonb_path_query_first('"10:00:00+3"', '$.datetime() == "08:00:00+1".datetime()')
jsonb_path_query_array_tz('"10:00:00+3"', '$.datetime() == "08:00:00+1".datetime()')
jsonb_path_query_array('"10:00:00+3"', '$.datetime() < "08:00:00+1".datetime()')
jsonb_path_exists('"10:00:00+3"', '$.datetime() < "08:00:00+1".datetime()')
jsonb_path_match('"10:00:00+3"', '$.datetime() < "08:00:00+1".datetime()')
jsonb_path_query_array_tz('"10:00:00+3"', '$.datetime() < "08:00:00+1".datetime()')
jsonb_path_query_array('"10:00:00+3"', '$.datetime() > "08:00:00+1".datetime()')
jsonb_path_exists('"10:00:00+3"', '$.datetime() > "08:00:00+1".datetime()')
'"10:00:00+3"'::jsonb @@ '$.datetime() > "08:00:00+1".datetime()'
jsonb_path_query_array_tz('"10:00:00+3"', '$.datetime() > "08:00:00+1".datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-11"')
jsonb_path_exists('"2017-03-10"', '$.datetime() < "2017-03-11"')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-11"', '{}', true)
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() < "2017-03-11"')
jsonb_path_query_array('"2017-03-10"', '$.datetime() == null')
jsonb_path_exists('"2017-03-10"', '$.datetime() == null')
'"2017-03-10"'::jsonb @? '$.datetime() == null'
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime() == null')
jsonb_path_query_array('"2017-03-10"', '$.datetime().size()')
jsonb_path_exists('"2017-03-10"', '$.datetime().size()')
jsonb_path_query_first('"2017-03-10"', '$.datetime().size()')
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime().size()')
jsonb_path_query_array('"2017-03-10"', '$.datetime().double()')
jsonb_path_exists('"2017-03-10"', '$.datetime().double()')
jsonb_path_match('"2017-03-10"', '$.datetime().double()')
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime().double()')
jsonb_path_query_array('"2017-03-10"', '$.datetime().datetime()')
jsonb_path_exists('"2017-03-10"', '$.datetime().datetime()')
'"2017-03-10"'::jsonb @@ '$.datetime().datetime()'
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime().datetime()')
jsonb_path_query_array('"2017-03-10"', '$.datetime().keyvalue()')
jsonb_path_exists('"2017-03-10"', '$.datetime().keyvalue()')
jsonb_path_query_array('"2017-03-10"', '$.datetime().keyvalue()', '{}', true)
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime().keyvalue()')
jsonb_path_query_array('"2017-03-10"', '$.datetime().a')
jsonb_path_exists('"2017-03-10"', '$.datetime().a')
'"2017-03-10"'::jsonb @? '$.datetime().a'
jsonb_path_query_array_tz('"2017-03-10"', '$.datetime().a')
jsonb_path_query_array('"2017-03-10"', 'strict $.datetime().a')
jsonb_path_exists('"2017-03-10"', 'strict $.datetime().a')
jsonb_path_query_first('"2017-03-10"', 'strict $.datetime().a')
jsonb_path_query_array_tz('"2017-03-10"', 'strict $.datetime().a')
jsonb_path_query_array('true', '!($ == true)')
jsonb_path_exists('true', '!($ == true)')
jsonb_path_match('true', '!($ == true)')
jsonb_path_query_array('true', '($ == true).type()')
jsonb_path_exists('true', '($ == true).type()')
'true'::jsonb @@ '($ == true).type()'
jsonb_path_query_array('{"a":"x"}', '($.a > 1).type()')
jsonb_path_exists('{"a":"x"}', '($.a > 1).type()')
jsonb_path_query_array('{"a":"x"}', '($.a > 1).type()', '{}', true)
jsonb_path_query_array('{"a":"x"}', '$.a > 1')
jsonb_path_exists('{"a":"x"}', '$.a > 1')
'{"a":"x"}'::jsonb @? '$.a > 1'
jsonb_path_query_array('{"a":"x"}', '($.a > 1) is unknown')
jsonb_path_exists('{"a":"x"}', '($.a > 1) is unknown')
jsonb_path_query_first('{"a":"x"}', '($.a > 1) is unknown')
jsonb_path_query_array('{"a":"x"}', '!(($.a > 1) is unknown)')
jsonb_path_exists('{"a":"x"}', '!(($.a > 1) is unknown)')
jsonb_path_match('{"a":"x"}', '!(($.a > 1) is unknown)')
jsonb_path_query_array('{"a":"x"}', '$.a > 1 && 1 == 2')
jsonb_path_exists('{"a":"x"}', '$.a > 1 && 1 == 2')
'{"a":"x"}'::jsonb @@ '$.a > 1 && 1 == 2'
jsonb_path_query_array('{"a":"x"}', '1 == 2 && $.a > 1')
jsonb_path_exists('{"a":"x"}', '1 == 2 && $.a > 1')
jsonb_path_query_array('{"a":"x"}', '1 == 2 && $.a > 1', '{}', true)
jsonb_path_query_array('{"a":"x"}', '$.a > 1 || 1 == 1')
jsonb_path_exists('{"a":"x"}', '$.a > 1 || 1 == 1')
'{"a":"x"}'::jsonb @? '$.a > 1 || 1 == 1'
jsonb_path_query_array('{"a":"x"}', '$.a > 1 || 1 == 2')
jsonb_path_exists('{"a":"x"}', '$.a > 1 || 1 == 2')
jsonb_path_query_first('{"a":"x"}', '$.a > 1 || 1 == 2')
jsonb_path_query_array('{"a":"x"}', '!($.a > 1)')
jsonb_path_exists('{"a":"x"}', '!($.a > 1)')
jsonb_path_match('{"a":"x"}', '!($.a > 1)')
jsonb_path_query_array('null', '$')
jsonb_path_exists('null', '$')
'null'::jsonb @@ '$'
jsonb_path_query_array('null', '$.a')
jsonb_path_exists('null', '$.a')
jsonb_path_query_array('null', '$.a', '{}', true)
jsonb_path_query_array('null', '$ == null')
jsonb_path_exists('null', '$ == null')
'null'::jsonb @? '$ == null'
jsonb_path_query_array('[null]', '$[0] == null')
jsonb_path_exists('[null]', '$[0] == null')
jsonb_path_query_first('[null]', '$[0] == null')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a.b.c')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a.b.c')
jsonb_path_match('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a.b.c')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*].b[last].c')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*].b[last].c')
'{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}'::jsonb @@ '$.a[*].b[last].c'
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a ? (@.b.c > 2)')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a ? (@.b.c > 2)')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a ? (@.b.c > 2)', '{}', true)
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*] ? (@.b[*].c > 2).b')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*] ? (@.b[*].c > 2).b')
'{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}'::jsonb @? '$.a[*] ? (@.b[*].c > 2).b'
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*] ? (@.b.size() > 1).b[*] ? (@.c > $.a[0].b[0].c)')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*] ? (@.b.size() > 1).b[*] ? (@.c > $.a[0].b[0].c)')
jsonb_path_query_first('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*] ? (@.b.size() > 1).b[*] ? (@.c > $.a[0].b[0].c)')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**.c')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**.c')
jsonb_path_match('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**.c')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', 'strict $.**.c')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', 'strict $.**.c')
'{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}'::jsonb @@ 'strict $.**.c'
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**{2}.b[*].c')
jsonb_path_exists('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**{2}.b[*].c')
jsonb_path_query_array('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**{2}.b[*].c', '{}', true)
jsonb_path_query_array('{"a":{"a":{"a":1}}}', '$.**.a')
jsonb_path_exists('{"a":{"a":{"a":1}}}', '$.**.a')
'{"a":{"a":{"a":1}}}'::jsonb @? '$.**.a'
jsonb_path_query_array('{"a":{"a":{"a":1}}}', 'strict $.**.a')
jsonb_path_exists('{"a":{"a":{"a":1}}}', 'strict $.**.a')
jsonb_path_query_first('{"a":{"a":{"a":1}}}', 'strict $.**.a')
jsonb_path_query_array('{"\"":1," ":2}', '$."\""')
jsonb_path_exists('{"\"":1," ":2}', '$."\""')
jsonb_path_match('{"\"":1," ":2}', '$."\""')
jsonb_path_query_array('{"\"":1," ":2}', '$." "')
jsonb_path_exists('{"\"":1," ":2}', '$." "')
'{"\"":1," ":2}'::jsonb @@ '$." "'
jsonb_path_query_array('{"":1}', '$.""')
jsonb_path_exists('{"":1}', '$.""')
jsonb_path_query_array('{"":1}', '$.""', '{}', true)
jsonb_path_query_array('[[1,2],[3]]', '$[*].size()')
jsonb_path_exists('[[1,2],[3]]', '$[*].size()')
'[[1,2],[3]]'::jsonb @? '$[*].size()'
jsonb_path_query_array('[[1,2],[3]]', '$.size()')
jsonb_path_exists('[[1,2],[3]]', '$.size()')
jsonb_path_query_first('[[1,2],[3]]', '$.size()')
jsonb_path_query_array('[[1,2],[3]]', 'strict $[*] ? (@.size() > 1)')
jsonb_path_exists('[[1,2],[3]]', 'strict $[*] ? (@.size() > 1)')
jsonb_path_match('[[1,2],[3]]', 'strict $[*] ? (@.size() > 1)')
jsonb_path_query_array('[[1,2],[3]]', '$ ? (@.size() > 1)')
jsonb_path_exists('[[1,2],[3]]', '$ ? (@.size() > 1)')
'[[1,2],[3]]'::jsonb @@ '$ ? (@.size() > 1)'
jsonb_path_query_array('[[1,2],[3]]', '$[*] ? (@.size() > 1)')
jsonb_path_exists('[[1,2],[3]]', '$[*] ? (@.size() > 1)')
jsonb_path_query_array('[[1,2],[3]]', '$[*] ? (@.size() > 1)', '{}', true)
jsonb_path_query_array('1.10', '$')
jsonb_path_exists('1.10', '$')
'1.10'::jsonb @? '$'
jsonb_path_query_array('1.10', '$ * 1.10')
jsonb_path_exists('1.10', '$ * 1.10')
jsonb_path_query_first('1.10', '$ * 1.10')
jsonb_path_query_array('1.10', '$ - 0.10')
jsonb_path_exists('1.10', '$ - 0.10')
jsonb_path_match('1.10', '$ - 0.10')
jsonb_path_query_array('"x"', '"y"')
jsonb_path_exists('"x"', '"y"')
'"x"'::jsonb @@ '"y"'
jsonb_path_query_array('1', '2.50')
jsonb_path_exists('1', '2.50')
jsonb_path_query_array('1', '2.50', '{}', true)
jsonb_path_query_array('1', 'null')
jsonb_path_exists('1', 'null')
'1'::jsonb @? 'null'
jsonb_path_query_array('1', '"a\u0041"')
jsonb_path_exists('1', '"a\u0041"')
jsonb_path_query_first('1', '"a\u0041"')
jsonb_path_query_array('1', '-1.5')
jsonb_path_exists('1', '-1.5')
jsonb_path_match('1', '-1.5')
jsonb_path_query_array('"12:34:56 -3"', '$.datetime()')
jsonb_path_query_array('"12:34:56 +3:30"', '$.datetime()')
jsonb_path_query_array('"2017-01-01 12:34:56 -3"', '$.datetime()')
jsonb_path_query_array('"12:34:56  +3"', '$.datetime()')
jsonb_path_query_array('"2017- 01-01"', '$.datetime()')
jsonb_path_query_array('"2017 -01-01"', '$.datetime()')
jsonb_path_query_array('"2017-01-01T 12:34:56"', '$.datetime()')
jsonb_path_query_array('"12: 34:56"', '$.datetime()')
jsonb_path_query_array('"12 :34:56"', '$.datetime()')
jsonb_path_query_array('"2017-01-0112:34:56"', '$.datetime()')
jsonb_path_query_array('"12:34:56."', '$.datetime()')
jsonb_path_query_array('"12:34:56.1234567"', '$.datetime()')
jsonb_path_query_array('"12:34:56. 5"', '$.datetime()')
jsonb_path_query_array('"12:34:56.123456+3"', '$.datetime()')
jsonb_path_query_array('"--2017-01-01"', '$.datetime()')
jsonb_path_query_array('"- 2017-01-01"', '$.datetime()')
jsonb_path_query_array('"-4714-11-24"', '$.datetime()')
jsonb_path_query_array('"-4715-01-01"', '$.datetime()')
jsonb_path_query_array('"2017-001-01"', '$.datetime()')
jsonb_path_query_array('"012:34:56"', '$.datetime()')
jsonb_path_query_array('"5874897-12-31"', '$.datetime()')
jsonb_path_query_array('"5874898-01-01"', '$.datetime()')
jsonb_path_query_array('"294276-12-31 23:59:59"', '$.datetime()')
jsonb_path_query_array('"294277-01-01 00:00:00"', '$.datetime()')
jsonb_path_query_array('"2017-01-01x"', '$.datetime()')
jsonb_path_query_array('"12:34:056"', '$.datetime()')
jsonb_path_query_array('"12:34:56+3:"', '$.datetime()')
jsonb_path_query_array('"12:34:56+"', '$.datetime()')
jsonb_path_query_array('"12:34:56+003"', '$.datetime()')
jsonb_path_query_array('"12:34:56+3:005"', '$.datetime()')
jsonb_path_query_array('"00:00:00-0"', '$.datetime()')
jsonb_path_exists(null, '$')
jsonb_path_exists('1', null)
jsonb_path_exists('1', '$', null)
jsonb_path_exists('1', '$', '{}', null)
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '{"x":1}')
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '{"y":1}')
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '{"y":1}', true)
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '{"x":[2,"a"]}')
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)')
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '[1]')
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > $x)', '1', true)
jsonb_path_query_array('1', '$x', '{"x":{"a":[1]}}')
jsonb_path_query_array('1', '$x.a[*]', '{"x":{"a":[1]}}')
jsonb_path_query_array('1', '$"x y"', '{"x y":null}')
jsonb_path_query_array('1', '$x.keyvalue()', '{"x":{"a":[1]}}')
jsonb_path_query_array('1', '$x.keyvalue()', '{"a":"bcd","x":{"a":[1]}}')
jsonb_path_query_array('{"z":{"y":1}}', '$.keyvalue().value.keyvalue()', '{"a":"bcd","x":{"a":[1]}}')
jsonb_path_query_array('{"z":{"y":1}}', '$.keyvalue().value.keyvalue()', '{}')
jsonb_path_query_array('{"z":{"y":1}}', '$.keyvalue().value.keyvalue()')
jsonb_path_exists('1', '$x')
jsonb_path_exists('1', '$x', '{}')
jsonb_path_exists('1', '$x.a', '{}')
jsonb_path_exists('1', 'strict $x', '{}')
jsonb_path_exists('"abc"', '$ ? (@ starts with $p)', '{"p":"a"}')
jsonb_path_exists('"abc"', '$ ? (@ starts with $p)', '{"p":1}')
'1'::jsonb @? '$x'
'1'::jsonb @? '$ ? (@ > $x)'
'1'::jsonb @@ '$ == $x'
'1'::jsonb @@ '$x == null'
'1'::jsonb @@ '$'
'[true,false]'::jsonb @@ '$[*]'
'[true]'::jsonb @@ '$[*]'
'null'::jsonb @@ '$'
'1'::jsonb @@ 'strict $.a'
'1'::jsonb @? 'strict $.a'
jsonb_path_match('1', '$')
jsonb_path_match('1', '$', '{}', true)
jsonb_path_match('null', '$')
jsonb_path_match('true', '$')
jsonb_path_match('[true,true]', '$[*]')
jsonb_path_match('[]', '$[*]')
jsonb_path_match('[]', '$[*]', '{}', true)
jsonb_path_match('1', 'strict $.a == 1')
jsonb_path_match('1', 'strict $.a', '{}', true)
jsonb_path_query_first('[]', '$[*]')
jsonb_path_query_first('[1,2]', '$[*]')
jsonb_path_query_first('[1,"a",2]', '$[*].abs()')
jsonb_path_query_first('[1,"a",2]', '$[*].abs()', '{}', true)
jsonb_path_query_array('[1,"a",2]', '$[*].abs()', '{}', true)
jsonb_path_query_array('[1,2,"a"]', '-$[*]', '{}', true)
jsonb_path_query_array('{"a":1}', 'strict $.b', '{}', true)
jsonb_path_query_array('[{"a":1},{"b":2},{"a":3}]', 'strict $[*].a', '{}', true)
jsonb_path_query_array('[1,2,3]', 'strict $[0,5,1]', '{}', true)
jsonb_path_exists('[1,2,3]', 'strict $[0,5,1]', '{}', true)
jsonb_path_exists('[1,2,3]', '$[0,5,1]', '{}', true)
jsonb_path_query_array('1', '$ / 0', '{}', true)
jsonb_path_query_array('1', '$ % 0')
jsonb_path_query_array('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()', '{}', true)
jsonb_path_match_tz('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()')
jsonb_path_exists_tz('"2017-03-10"', '$.datetime() ? (@ < "2017-03-10 00:00:01+1".datetime())')
jsonb_path_query_first_tz('"10:00:00"', '$.datetime() < "12:00:00+1".datetime()')
'{"a":[1,2]}'::jsonb @? '$.a[*] ? (@ > 1)'
'{"a":[1,2]}'::jsonb @@ '$.a[*] > 1'
'{"a":[1,2]}'::jsonb @? ('$.a[*]'::text)::jsonpath
jsonb_path_query_array('{"a":1}', ('$."' || 'a' || '"')::jsonpath)
jsonb_path_query_array('3', '(1 * 2).abs() + $')
jsonb_path_query_array('3', ('(1 * 2).abs() + $'::text)::jsonpath)
array['$.a'::jsonpath]
'$.a'::jsonpath is null
coalesce(null, '$.a'::jsonpath)
'$.a'::jsonpath = '$.a'::jsonpath
'$.a' || '$.b'::jsonpath
'1'::jsonb::jsonpath
'$'::jsonpath::jsonb
'$ . a'::jsonpath::text
'$'::jsonpath::text::jsonb
"##;

/// Calls of set-returning functions; rows are compared.
pub(super) const TABLES: &str = r##"
jsonb_path_query('{"a":12}', '$')
jsonb_path_query('{"a":12}', '$.b', '{}', true)
jsonb_path_query('{"a":12}', 'strict $.a.b')
jsonb_path_query('{"a":[1,2,3]}', '$.a[0]')
jsonb_path_query('{"a":[1,2,3]}', 'strict $.a[-1]')
jsonb_path_query('{"a":[1,2,3]}', '$.a[0 to 1]')
jsonb_path_query('{"a":[1,2,3]}', 'strict $.a[2 to 1]', '{}', true)
jsonb_path_query('{"a":[1,2,3]}', '$.a[0,0,2 to last]')
jsonb_path_query('{"a":[1,2,3]}', '$.a[$.a]')
jsonb_path_query('{"a":[1,2,3]}', '$.a[last ? (@ > 5)]')
jsonb_path_query('{"a":[1,2,3],"b":[[5,6],[7]]}', 'strict $.b[*][1]')
jsonb_path_query('1', '$[*]', '{}', true)
jsonb_path_query('1', '$[1]')
jsonb_path_query('1', '$.a')
jsonb_path_query('1', 'strict $.**')
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{0}')
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}', '{}', true)
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{1 to 2}')
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.**{2}.b')
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.c.b')
jsonb_path_query('{"a":{"b":1},"c":[2,{"b":3}]}', '$.*[0]')
jsonb_path_query('[[1],[2,[3]]]', '$[*][*]', '{}', true)
jsonb_path_query('[[{"a":1}]]', '$.a')
jsonb_path_query('[{"a":1},{"a":2},{"b":3}]', 'strict $[*].a')
jsonb_path_query('[1,"2",null,true,{"a":1},[7]]', '$.type()')
jsonb_path_query('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == 1)')
jsonb_path_query('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ == null)', '{}', true)
jsonb_path_query('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@ > null)')
jsonb_path_query('[1,"2",null,true,{"a":1},[7]]', '$[*] ? (@.a == 1)')
jsonb_path_query('[1,2,3,4]', '$ ? (@ > 2)')
jsonb_path_query('[1,2,3,4]', '$ ? (@[*] > 3)')
jsonb_path_query('[1,2,3,4]', 'strict $ ? (@ > 3)', '{}', true)
jsonb_path_query('[1,"a",3]', 'lax $ ? (@[*] > 2)')
jsonb_path_query('[1,"a",5]', '$[*] > 2')
jsonb_path_query('[]', 'strict $[*] > 3')
jsonb_path_query('{}', 'exists($.a)')
jsonb_path_query('{}', 'strict exists($.a) && 1 == 2', '{}', true)
jsonb_path_query('{}', 'strict !exists($.a)')
jsonb_path_query('{"a":[]}', 'strict exists($.a[*])')
jsonb_path_query('{"a":1}', '$.a == $.a')
jsonb_path_query('{"a":[1,2],"b":[2,3]}', 'strict $.a[*] == $.b[*]')
jsonb_path_query('{"a":{},"b":null}', '$.a == $.b', '{}', true)
jsonb_path_query('{"a":{},"b":1}', '$.a != $.b')
jsonb_path_query('["abc","b",1]', '$[*] ? (@ starts with "a")')
jsonb_path_query('1', '$ starts with "1"')
jsonb_path_query('"abc"', '$ like_regex "B"')
jsonb_path_query('"a\nb"', '$ like_regex "a.b" flag "s"', '{}', true)
jsonb_path_query('"a\nb"', '$ like_regex "^b$" flag "m"')
jsonb_path_query('"a.b"', '$ like_regex "a\\.b"')
jsonb_path_query('["a",1]', '$[*] ? (@ like_regex "a")')
jsonb_path_query('["a","b","B","ä",""]', '$[*] ? (@ <= "a")')
jsonb_path_query('{"a":2,"b":3}', '$.a - $.b * 2', '{}', true)
jsonb_path_query('{"a":2,"b":3}', '$.b % $.a')
jsonb_path_query('{"a":2,"b":3}', '$.a + "1"')
jsonb_path_query('{"a":2,"b":3}', '$.a / 0')
jsonb_path_query('{"a":[1],"b":3}', '$.a + $.b')
jsonb_path_query('{"a":[1,-2,3]}', '-$.a', '{}', true)
jsonb_path_query('{"a":[1,-2,3]}', 'strict -$.a')
jsonb_path_query('{"a":1.50}', '$.a * 2.00')
jsonb_path_query('{"a":[1,2,3,4]}', '$.a ? (@ % 2 == 0)')
jsonb_path_query('[1.5,-1.5,0]', '$[*].ceiling()')
jsonb_path_query('[1.5,-1.5,0]', '$[*].abs()', '{}', true)
jsonb_path_query('[1.5,-1.50,-0.0]', '$[*].abs()')
jsonb_path_query('[1.50,12345678901234567890.123]', '$[*].double()')
jsonb_path_query('[1e400]', '$[*].double()')
jsonb_path_query('[null]', '$[*].double()')
jsonb_path_query('[["1"]]', '$.double()', '{}', true)
jsonb_path_query('{"a":1}', '$.keyvalue()')
jsonb_path_query('{}', '$.keyvalue()')
jsonb_path_query('[{"a":1},1]', '$[*].keyvalue()')
jsonb_path_query('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.c.keyvalue()')
jsonb_path_query('{"a":"xyz","b":1.5,"c":{"d":1},"e":[true,null,{"f":12345.678},"q",{"g":{}}]}', '$.e[last].keyvalue()', '{}', true)
jsonb_path_query('{"a":100000000,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query('{"a":10001,"b":10000,"bb":-0.00100,"c":{"d":1}}', '$.c.keyvalue()')
jsonb_path_query('{"a":{"b":1},"c":{"d":2}}', '$.keyvalue().keyvalue()')
jsonb_path_query('"2017-03-10 12:34:56"', '$.datetime()')
jsonb_path_query('"2017-03-10 12:34:56.789"', '$.datetime()', '{}', true)
jsonb_path_query('"2017-03-10 12:34:56+3"', '$.datetime()')
jsonb_path_query('"2017-03-10 00:34:56+15:59"', '$.datetime()')
jsonb_path_query('"12:34:56.5"', '$.datetime()')
jsonb_path_query('"2017-3-1"', '$.datetime()')
jsonb_path_query('"2017-02-29"', '$.datetime()', '{}', true)
jsonb_path_query('" 2017-03-01"', '$.datetime()')
jsonb_path_query('"17-03-01"', '$.datetime()')
jsonb_path_query('"0000-03-10"', '$.datetime()')
jsonb_path_query('"12:60:00"', '$.datetime()')
jsonb_path_query('"1:2:3"', '$.datetime()', '{}', true)
jsonb_path_query('"2017-03-10  12:34:56"', '$.datetime()')
jsonb_path_query('1', '$.datetime()')
jsonb_path_query('["2017-03-10","2017-03-11"]', '$[*].datetime() ? (@ > "2017-03-10".datetime())')
jsonb_path_query('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01".datetime()')
jsonb_path_query('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()', '{}', true)
jsonb_path_query('"2017-03-10 00:00:00+0"', '$.datetime() == "2017-03-10 01:00:00+1".datetime()')
jsonb_path_query('"10:00:00+3"', '$.datetime() < "12:00:00+1".datetime()')
jsonb_path_query('"2017-03-10"', '$.datetime() < "2017-03-11"')
jsonb_path_query('"2017-03-10"', '$.datetime().datetime()')
jsonb_path_query('"2017-03-10"', '$.datetime().a', '{}', true)
jsonb_path_query('true', '!($ == true)')
jsonb_path_query('{"a":"x"}', '($.a > 1) is unknown')
jsonb_path_query('{"a":"x"}', '$.a > 1 || 1 == 1')
jsonb_path_query('null', '$.a')
jsonb_path_query('[null]', '$[0] == null', '{}', true)
jsonb_path_query('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.a[*].b[last].c')
jsonb_path_query('{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}', '$.**.c')
jsonb_path_query('{"a":{"a":{"a":1}}}', 'strict $.**.a')
jsonb_path_query('[[1,2],[3]]', '$[*].size()')
jsonb_path_query('[[1,2],[3]]', 'strict $[*] ? (@.size() > 1)', '{}', true)
jsonb_path_query('[[1,2],[3]]', '$[*] ? (@.size() > 1)')
jsonb_path_query('"x"', '"y"')
jsonb_path_query('1', '-1.5')
jsonb_path_query('[1,2,3]', '$[*] ? (@ > $x)', '{"x":1}')
jsonb_path_query(null, '$')
jsonb_path_query_tz('"2017-03-10"', '$.datetime() < "2017-03-10 00:00:01+1".datetime()')
"##;

//! Expressions over literals, one per line; what Postgres answers is asked of it when the test runs.

pub(super) const CASES: &str = r##"
-- integers
1 + 1
2147483647 + 1
2147483647::int8 + 1
32767::int2 + 1::int2
32767::int2 + 1
1::int2 + 1::int8
1::int4 * 1::int2
-2147483648
- 5
-9223372036854775808
-9223372036854775809
- 2147483649
-(2147483647)
-(-2147483648)::int4
7 / 2
-7 / 2
7 % 3
-7 % 3
7 / 0
7 % 0
(-9223372036854775807 - 1) / -1
(-2147483648)::int4 / -1
(-9223372036854775807 - 1) % -1
9223372036854775807 + 1
9223372036854775808
9223372036854775807 * 2
5 & 3
5 | 3
5 # 3
~ 5
1 << 4
256 >> 4
abs(-5)
abs(-32768::int2)
mod(10, 3)
mod(10.5, 3)
gcd(12, 18)
2 ^ 10
2 ^ 0.5
2::numeric ^ 10
2.0 ^ -2
(-2) ^ 3
(-2)::numeric ^ 3
(-8)::numeric ^ 0.5
0::numeric ^ -1
0::numeric ^ 0
1.5 ^ 10.5
10::numeric ^ 100
0.1 ^ 20
1.0000001 ^ 1000000
10.0 ^ -30
-- numeric
1.5 + 2
1.50 + 2.5
0.1 + 0.2
1.1 * 1.1
1 / 3.0
10 / 3.0
1.0 / 3
100000000000000000000 / 3.0
1 / 0.0
1.0 % 0
1e-10 / 3
2.0 / 7e20
1234567.891 / 0.0001
0.00001 / 123456789
9999 / 9999.0
9998 / 9999.0
10000 / 9999.0
10000.0 / 10001
123456789012345678901234567890 * 987654321098765432109876543210
'NaN'::numeric + 1
'Infinity'::numeric - 'Infinity'::numeric
'Infinity'::numeric * 0
1 / 'Infinity'::numeric
'Infinity'::numeric / 0
'NaN'::numeric / 0
'-Infinity'::numeric < 1
'NaN'::numeric = 'NaN'::numeric
'NaN'::numeric > 'Infinity'::numeric
5.5 % 'Infinity'::numeric
div(7.5, 2)
div(-7.5, 2)
round(2.5)
round(-2.5)
round(1.2345, 2)
round(1250, -2)
round(0.5)
round(2.5::float8)
round(3.5::float8)
round(-0.5::float8)
trunc(1.999, 2)
trunc(-1.9)
trunc(1999, -2)
trunc(1.9::float8)
ceil(1.1)
ceil(-1.1)
ceiling(1.1::float8)
floor(-1.1)
floor(1.9::float8)
sign(-3)
sign(-3.5)
sign(0::float8)
sqrt(2)
sqrt(2.0)
sqrt(0.0)
sqrt(100.00)
sqrt(1234567890123.45)
sqrt(0.0001)
sqrt(0.00000001)
sqrt(10000.0)
sqrt(99999999.0)
sqrt(-1)
sqrt(-1.0)
exp(1.0)
exp(-1.5)
exp(10.25)
exp(0.0)
exp(100.0)
exp(-50.0)
exp(1)
ln(2.0)
ln(10.0)
ln(1.0)
ln(0.5)
ln(1.05)
ln(1e20)
ln(123456.789)
ln(0)
ln(-1.0)
ln(0.00000123)
log(100.0)
log(2.0, 8.0)
log(10.0, 0.001)
log(100)
log(2, 64)
power(2, 3)
power(2.0, 3)
power(9.0, 0.5)
power(0, -1)
scale(1.2300)
trim_scale(1.2300)
width_bucket(5.35, 0.024, 10.06, 5)
width_bucket(35, 100, 0, 10)
pi()
degrees(1.0)
sin(1)
cos(1)
tan(1)
atan(1)
atan2(1, 2)
123.456::numeric(5,2)
1234.5::numeric(5,2)
0.5::numeric(3)
12345::numeric(3,-2)
'1e400'::numeric
'12.34.5'::numeric
'  12.340  '::numeric
1e5
1.5e-3
.5
1.
-0.0
-0.00 * 1
-- floats
0.1::float8 + 0.2::float8
1e308::float8 * 10
1e-300::float8 * 1e-300::float8
1::float8 / 3
1::float8 / 0
'NaN'::float8 / 0
'Infinity'::float8 - 'Infinity'::float8
1::float4 / 3
0.1::float4 + 0.2::float4
0.1::float4 + 0.2::float8
1::int4 + 0.5::float4
1.5 + 0.5::float8
1e20::float8
1e15::float8
123456789012345680::float8
1e-5::float8
0.0001::float8
-0.0::float8
3.0e38::float4 * 10
1e38::float4
'NaN'::float8 = 'NaN'::float8
'NaN'::float8 > 1e308
0.0::float8 = -0.0::float8
-(0.0::float8)
2::float8 ^ 0.5
power(10::float8, 400)
(-8)::float8 ^ 0.5
exp(1000::float8)
1e10::float8::text
1.0::float8::text
16777217::float4
0.3::float4
0.3::float4::float8
1e16::float8
-- casts of numbers
2.5::int4
3.5::int4
-2.5::int4
2.5::float8::int4
3.5::float8::int4
1e10::int4
1e10::float8::int4
'NaN'::float8::int4
'NaN'::numeric::int4
'Infinity'::numeric::int8
100000::int2
1e300::float8::numeric
0.1::float8::numeric
123456789.123456789::float8::numeric
0.1::float4::numeric
1e-7::float8::numeric
1234567.8::float4::numeric
1e400::numeric::float8
1e39::float8::float4
1e-50::float8::float4
true::int
0::int::boolean
2::boolean
1::text
1.50::text
true::text
'12'::int
' 12 '::int
'1.5'::int
'99999999999'::int
'abc'::int
''::int
'12'::text::int
'1.5'::text::numeric
'abc'::text::int
'99999999999'::text::int
'1e400'::text::float8
'true'::boolean
'yes'::text::boolean
'off'::boolean
'maybe'::text::boolean
't'::boolean
1::oid
65::int8::int4::int2
cast('42' as bigint)
int4 '42'
numeric '1.20'
1::boolean::text
'a'::bpchar
1::int4::float8
9007199254740993::float8
9223372036854775807::float8::int8
-- comparison and logic
1 = 1.0
1 < 2.5
1 = 1::float8
1.5::float4 = 1.5::numeric
'a' < 'b'
'a' = 'a '
'a'::char(3) = 'a'
'a'::char(3) = 'a  '::text
'a'::char(3) || 'b'
length('a'::char(5))
octet_length('a'::char(5))
'abcdef'::varchar(3)
'abcdef'::char(3)
'ab'::char(4)::text
'B' < 'a'
'10' = 10
10 = '10'
1 = 'x'
'1' = '1'
true and null
false and null
true or null
not null::boolean
null = null
null is null
1 is null
null is distinct from null
1 is distinct from null
1 is distinct from 1.0
1 is not distinct from 2
1 in (1, 2)
3 in (1, 2)
3 in (1, null)
1 not in (2, null)
1 in (1.0, 2)
1 in ('1', '2')
'a' in ('a', 'b')
2 between 1 and 3
2 not between 1 and 3
true > false
true = 't'
1 = true
'a' = 1.5
'abc' || 1
1 || 'abc'
1 || 2
'a' || null
'a' || 'b'
'a' || true
1.50 || 'x'
1.5 = any(array[1, 1.5])
1 = any(array[1, 2])
3 = any(array[1, 2])
3 = any(array[1, null])
1 < all(array[2, 3])
1 < all(array[2, null])
1 = any('{1,2}')
'a' = any(array['a', 'b'])
1 <> all(array[2, 3])
coalesce(null, 1, 2)
coalesce(null, 1, 2.5)
coalesce(null, 'x')
coalesce(1, 'x')
coalesce(null, null)
nullif(1, 1)
nullif(1, 2)
nullif(1, 1.0)
nullif(1, 2.5)
nullif('1', 2)
nullif(2, '1')
nullif(null, 1)
nullif('a', 'b')
nullif(1.50, 2)
greatest(1, 2, null)
greatest(1, 2.5)
least('b', 'a')
greatest(null, null)
least(1, '2')
greatest('a'::text, 'B')
case when 1 = 1 then 'a' else 'b' end
case when false then 1 end
case when true then 1 else 2.5 end
case 1 when 1 then 'one' when 2 then 'two' end
case when true then 'a' else 1 end
case when true then null else 1 end
case when null then 1 else 2 end
-- text
lower('ABC')
upper('abc')
initcap('hello WORLD foo-bar 1st')
length('hello')
char_length('héllo')
octet_length('héllo')
lower(1)
substring('hello' from 2 for 3)
substring('hello', 2)
substring('hello', 0, 3)
substring('hello', -1, 3)
substring('hello', 2, -1)
substring('hello' from 10)
substring('héllo', 2, 1)
substr('hello', 2, 3)
substring('foobar' from 'o(.)b')
substring('foobar' from 'o.b')
left('hello', 2)
left('hello', -2)
left('hello', -10)
right('hello', 2)
right('hello', -2)
right('hello', 0)
trim('  x  ')
trim(both 'x' from 'xxhixx')
trim(leading 'x' from 'xxhixx')
trim(trailing ' ' from 'hi  ')
btrim('xyhiyx', 'xy')
ltrim('  hi')
rtrim('hi  ')
ltrim('xxhi', 'x')
lpad('hi', 5)
lpad('hi', 5, 'xy')
lpad('hello', 2)
rpad('hi', 5, 'xy')
rpad('hi', -1)
lpad('hi', 5, '')
replace('hello', 'l', 'L')
replace('hello', '', 'x')
position('l' in 'hello')
position('z' in 'hello')
position('' in 'hello')
strpos('hello', 'lo')
split_part('a,b,c', ',', 2)
split_part('a,b,c', ',', -1)
split_part('a,b,c', ',', 5)
split_part('a,b,c', ',', 0)
split_part('abc', '', 1)
concat('a', 1, null, true, 2.50)
concat_ws(',', 'a', null, 1, false)
concat_ws(null, 'a')
concat('x', 'y'::char(3), 'z')
reverse('héllo')
repeat('ab', 3)
repeat('ab', -1)
translate('12345', '143', 'ax')
overlay('Txxxxas' placing 'hom' from 2 for 4)
overlay('abcdef' placing 'XX' from 3)
starts_with('hello', 'he')
ascii('x')
ascii('')
ascii('é')
chr(65)
chr(8364)
chr(0)
md5('hello')
md5('')
md5('The quick brown fox jumps over the lazy dog, and then some more text to cross one block boundary')
format('%s-%s', 'a', 1)
format('%I %L', 'Foo', 'it''s')
format('%1$s %1$s %2$s', 'a', 'b')
format('%10s|%-5s|', 'a', 'b')
format('%s', null)
format('%L', null)
format('%%')
format('%s')
format('%I', null)
format('%I', 'select')
quote_literal('it''s')
quote_literal('a\b')
quote_ident('Foo bar')
quote_nullable(null)
to_hex(255)
to_hex(-1)
'hello' like 'h%'
'hello' like 'h_l%'
'hello' like '%l%o'
'hello' not like 'x%'
'hello' like 'hello%%'
'a%c' like 'a\%c'
'abc' like 'a\%c'
'abc' like 'abc\'
'abcd' like 'abc\'
'abc' like '%\'
'' like '\'
'HELLO' ilike 'h%'
'' like '%'
'' like '_'
'héllo' like 'h_llo'
'aaab' like '%aab'
'hello' ~ '^h.*o$'
'hello' ~* 'HELL'
'hello' !~ 'x'
'hello' !~* 'HELL'
'foo bar' ~ '\mbar\M'
'abc' ~ '[[:alpha:]]+'
'a1' ~ '^\w\d$'
'abc' ~ '('
regexp_replace('foobarbaz', 'b..', 'X')
regexp_replace('foobarbaz', 'b..', 'X', 'g')
regexp_replace('foobarbaz', 'b(..)', 'X\1Y', 'g')
regexp_replace('hello', '(l+)', '[\&]')
regexp_replace('Hello', 'h', 'j', 'i')
regexp_match('foobarbequebaz', 'bar.*que')
regexp_match('foobarbequebaz', '(bar)(beque)')
regexp_match('abc', 'x')
regexp_split_to_array('hello world  foo', '\s+')
regexp_split_to_array('abc', '')
regexp_count('hello', 'l')
regexp_substr('hello world', 'w\w+')
string_to_array('a,b,c', ',')
string_to_array('a,b,,c', ',', '')
string_to_array('abc', null)
string_to_array('', ',')
encode('hello'::bytea, 'hex')
encode('hello'::bytea, 'base64')
encode('\x00ff5c'::bytea, 'escape')
decode('68656c6c6f', 'hex')
decode('aGVsbG8=', 'base64')
decode('a\\000b', 'escape')
decode('xx', 'hex')
length('hello'::bytea)
'\x01'::bytea || '\x02'::bytea
'abc'::bytea
'abc'::bytea < 'abd'::bytea
-- dates
date '2024-01-31' + 1
1 + date '2024-01-31'
date '2024-03-01' - 1
date '2024-03-01' - date '2024-02-01'
date '2024-01-31' + interval '1 month'
date '2024-01-31' - interval '1 month'
date '2024-01-31' + time '10:30'
timestamp '2024-01-31 10:00' + interval '1 month'
timestamp '2024-03-31 10:00' - interval '1 month 1 day'
timestamp '2024-01-01' + interval '1 day 25 hours'
timestamptz '2024-01-01 10:00+02' + interval '1 hour'
timestamptz '2024-01-01 10:00+02'
timestamp '2024-03-01 12:00' - timestamp '2024-02-28 18:30'
timestamp '2024-02-28 18:30' - timestamp '2024-03-01 12:00'
timestamptz '2024-03-01 12:00+00' - timestamptz '2024-02-28 18:30+00'
timestamp '2024-01-01' - date '2023-12-31'
date '2024-01-01' - timestamp '2023-12-31 12:00'
time '10:00' + interval '15 hours'
time '10:00' - interval '11 hours'
time '10:00' - time '12:30'
interval '1 day' + interval '2 hours'
interval '1 month' - interval '1 day'
- interval '1 day 2 hours'
interval '1 day' * 1.5
1.5 * interval '1 month'
interval '1 month 1 day' * 2.7
interval '1 year' / 7
interval '1 day' / 0
interval '1 hour' * 3
2 * interval '90 minutes'
interval '1 mon' * 0.333
interval '1 day' = interval '24 hours'
interval '1 month' = interval '30 days'
interval '1 month' > interval '29 days'
date '2024-01-01' < timestamp '2024-01-01 00:00:01'
date '2024-01-01' = timestamptz '2024-01-01 00:00+00'
timestamp '2024-01-01' = timestamptz '2024-01-01 00:00+00'
date '2024-01-01' = '2024-01-01'
'2024-01-01' < date '2024-01-02'
date '2024-02-30'
date 'abc'
'2024-13-01'::text::date
'abc'::text::timestamp
timestamp '2024-01-01 10:20:30.5'::date
timestamp '2024-01-01 10:20:30.5'::time
'2024-01-01'::date::timestamp
'2024-01-01'::date::timestamptz
timestamptz '2024-01-01 10:00+05'::timestamp
timestamp '1999-12-31 23:59:59.999999'::date
time '10:20'::interval
interval '25 hours'::time
interval '-1 hour'::time
date 'infinity' + 1
date 'infinity' - date '2024-01-01'
timestamp 'infinity' + interval '1 day'
timestamp 'infinity' - timestamp '2024-01-01'
timestamp '294276-12-31' + interval '1 day'
date '5874897-12-31' + 1
date '5874897-12-31'::timestamp
timestamp 'infinity' > timestamp '2024-01-01'
isfinite(date 'infinity')
extract(year from date '2024-02-29')
extract(day from timestamp '2024-02-29 10:20:30.123456')
extract(second from timestamp '2024-02-29 10:20:30.123456')
extract(milliseconds from timestamp '2024-02-29 10:20:30.123456')
extract(microseconds from timestamp '2024-02-29 10:20:30.123456')
extract(epoch from timestamp '2024-02-29 10:20:30.123456')
extract(epoch from timestamptz '2024-02-29 10:20:30+02')
extract(epoch from date '2024-02-29')
extract(epoch from interval '1 year 2 months 3 days 4 hours')
extract(epoch from interval '-1 month 1.5 seconds')
extract(dow from date '2024-02-25')
extract(isodow from date '2024-02-25')
extract(doy from date '2024-03-01')
extract(week from date '2021-01-03')
extract(isoyear from date '2021-01-03')
extract(quarter from date '2024-05-01')
extract(century from date '2000-12-31')
extract(century from date '2001-01-01')
extract(decade from date '1999-01-01')
extract(millennium from date '2001-01-01')
extract(julian from date '2000-01-01')
extract(julian from timestamp '2000-01-01 12:00')
extract(hour from time '10:20:30')
extract(hour from interval '25:10:00')
extract(minute from interval '1 day 25:10:00')
extract(month from interval '14 months')
extract(year from interval '14 months')
extract(quarter from interval '14 months')
extract(hour from date '2024-01-01')
extract(timezone from timestamptz '2024-01-01 00:00+00')
extract(year from timestamp 'infinity')
extract(day from timestamp 'infinity')
extract(epoch from timestamp '-infinity')
extract(year from date '0044-03-15 BC')
extract(century from date '0044-03-15 BC')
extract(dow from interval '1 day')
date_part('year', date '2024-02-29')
date_part('epoch', timestamp '2024-02-29 10:20:30.5')
date_part('foo', timestamp '2024-02-29')
date_part('hour', date '2024-02-29')
date_trunc('month', timestamp '2024-02-29 10:20:30')
date_trunc('month', date '2024-02-29')
date_trunc('week', timestamp '2024-02-29 10:20:30')
date_trunc('quarter', timestamp '2024-05-15')
date_trunc('hour', timestamp '2024-02-29 10:20:30.5')
date_trunc('second', timestamp '2024-02-29 10:20:30.5')
date_trunc('milliseconds', timestamp '2024-02-29 10:20:30.123456')
date_trunc('century', timestamp '2024-02-29')
date_trunc('century', timestamp '2000-02-29')
date_trunc('millennium', timestamp '2000-02-29')
date_trunc('decade', timestamp '2024-02-29')
date_trunc('year', timestamptz '2024-02-29 10:20:30+00')
date_trunc('day', timestamptz '2024-02-29 23:20:30+00', 'Europe/Berlin')
date_trunc('day', interval '3 days 04:05:06')
date_trunc('month', interval '1 year 3 mons 4 days')
date_trunc('week', interval '3 days')
date_trunc('foo', timestamp '2024-02-29')
date_bin('15 minutes', timestamp '2024-02-11 15:44:17', timestamp '2001-01-01')
date_bin('15 minutes', timestamp '1999-02-11 15:44:17', timestamp '2001-01-01')
date_bin('1 month', timestamp '2024-02-11', timestamp '2001-01-01')
date_bin('0 minutes', timestamp '2024-02-11', timestamp '2001-01-01')
age(timestamp '2024-03-01', timestamp '2024-01-31')
age(timestamp '2024-01-31', timestamp '2024-03-01')
age(timestamp '2001-04-10', timestamp '1957-06-13')
age(timestamp '2024-03-31 10:00', timestamp '2024-02-29 11:00')
age(date '2024-03-01', date '2023-03-02')
make_date(2024, 2, 29)
make_date(2023, 2, 29)
make_date(-44, 3, 15)
make_time(8, 15, 23.5)
make_time(24, 0, 0)
make_time(2000000000, 2000000000, 1e30)
array[1, 2] || 2.5
extract(year from '2024-01-01')
make_timestamp(2024, 2, 29, 10, 20, 30.5)
make_timestamp(2024, 2, 29, 25, 20, 30.5)
make_interval(1, 2, 3, 4, 5, 6, 7.5)
to_timestamp(1284352323.5)
to_timestamp(0)
justify_hours(interval '27 hours')
justify_days(interval '35 days')
justify_interval(interval '1 mon -1 hour')
timestamp '2024-07-01 12:00' at time zone 'Europe/Berlin'
timestamptz '2024-07-01 12:00+00' at time zone 'Europe/Berlin'
timestamptz '2024-01-01 12:00+00' at time zone 'America/New_York'
timestamp '2024-03-31 02:30' at time zone 'Europe/Berlin'
timestamp '2024-10-27 02:30' at time zone 'Europe/Berlin'
timestamp '2024-03-10 02:30' at time zone 'America/New_York'
timestamp '2024-11-03 01:30' at time zone 'America/New_York'
timestamp '2024-07-01 12:00' at time zone 'UTC'
timestamp '2024-07-01 12:00' at time zone 'EST'
timestamp '2024-07-01 12:00' at time zone '+02'
timestamp '2024-07-01 12:00' at time zone interval '2 hours'
timestamp '2024-07-01 12:00' at time zone 'europe/berlin'
timestamp '2024-07-01 12:00' at time zone 'Nowhere/Land'
interval '1 year 2 months'
interval '1 day 02:03:04'
interval '-1 day +2 hours'
interval '90 seconds'
interval 'P1Y2M3DT4H5M6S'
to_char(timestamp '2024-02-09 15:04:05.678', 'YYYY-MM-DD HH24:MI:SS.MS')
to_char(timestamp '2024-02-09 15:04:05.678', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
to_char(timestamp '2024-02-09 15:04:05', 'Day, DD Month YYYY')
to_char(timestamp '2024-02-09 15:04:05', 'FMDay, FMDD FMMonth YYYY')
to_char(timestamp '2024-02-09 15:04:05', 'Dy DD Mon YY HH12:MI AM')
to_char(timestamp '2024-02-09 03:04:05', 'DY MON HH:MI pm')
to_char(timestamp '2024-02-09', 'IYYY-"W"IW-ID')
to_char(timestamp '2024-02-09', 'DDD D Q WW W CC J')
to_char(timestamp '2024-02-01', 'FMDDth')
to_char(timestamp '2024-02-22', 'DDth TH')
to_char(timestamp '2024-02-09', 'MONTH month RM')
to_char(timestamp '2024-02-09 15:04:05', 'SSSS')
to_char(date '2024-02-09', 'DD.MM.YYYY')
to_char(date '2024-02-09', 'yyyymmdd')
to_char(timestamptz '2024-02-09 15:04:05+00', 'HH24:MI TZ OF')
to_char(interval '15 h 2 m 12 s', 'HH24:MI:SS')
to_char(timestamp '2024-02-09', 'YYYY BC')
to_char(timestamp '2024-02-09 15:04:05', 'FMHH12:FMMI')
to_char(125, '999')
to_char(-125, '999')
to_char(1234.5, '9,999.99')
to_char(1234567.891, 'FM9,999,999.00')
to_char(0.5, '9.99')
to_char(0.5, '0.99')
to_char(-0.1, '99.99')
to_char(-0.1, 'FM9.99')
to_char(12, 'FM99.99')
to_char(12, '9990999.9')
to_char(12345, '999')
to_char(5, '000')
to_char(5, 'FM000')
to_char(-5, 'S999')
to_char(5, '999S')
to_char(-5, '999MI')
to_char(5, '999PR')
to_char(-5, '999PR')
to_char(485, '"Good number:"999')
to_char(1234, '$9,999')
to_char(0, '999')
to_char(0, 'FM999')
to_char(125.8::float8, '999D9')
to_char(148.5, '999.999')
to_char(148.5, 'FM999.990')
to_char(148.25, 'FM999.0999')
to_char(1, 'FM9.099')
to_char(1234567, 'FM9G999G999')
to_char(5, 'FM99th')
to_char(482, '999th')
-- json
'{"b": 1, "a": [1, 2 , {"x": null}]}'::jsonb
'{"bb": 1, "a": 2, "a": 3}'::jsonb
'{"b":1,  "a":2}'::json
'{"a": 1.50, "b": 1e3}'::jsonb
'"\u00e9\n\t\"\\"'::jsonb
'"\u0000"'::jsonb
'{bad}'::json
'[1, 2'::text::jsonb
'[]'::jsonb
'{}'::jsonb
' null '::jsonb
'{"a": {"b": [10, 20, 30]}}'::jsonb -> 'a'
'{"a": {"b": [10, 20, 30]}}'::jsonb -> 'a' -> 'b' -> 1
'{"a": {"b": [10, 20, 30]}}'::jsonb -> 'a' -> 'b' ->> -1
'{"a": "x"}'::jsonb ->> 'a'
'{"a": null}'::jsonb ->> 'a'
'{"a": null}'::jsonb -> 'a'
'{"a": 1}'::jsonb -> 'b'
'{"a": {"b":  [1,2]}}'::json -> 'a'
'{"a": "x\ny"}'::json ->> 'a'
'{"a": {"b": [10, 20]}}'::jsonb #> '{a,b,1}'
'{"a": {"b": [10, 20]}}'::jsonb #>> '{a,b,1}'
'{"a": {"b": "q"}}'::json #>> '{a,b}'
'{"a": 1, "b": 2}'::jsonb @> '{"a": 1}'
'{"a": [1, 2, 3]}'::jsonb @> '{"a": [3, 1]}'
'[1, 2]'::jsonb @> '1'
'{"a": 1}'::jsonb <@ '{"a": 1, "b": 2}'
'[[1, 2]]'::jsonb @> '[1]'
'{"a": 1}'::jsonb = '{"a": 1.0}'::jsonb
'[1]'::jsonb < '[2]'::jsonb
'{"a": 1}'::jsonb || '{"b": 2}'::jsonb
'[1]'::jsonb || '2'::jsonb
'{"a": 1, "b": 2}'::jsonb - 'a'
'["a", "b"]'::jsonb - 0
jsonb_build_object('a', 1, 'b', 'x', 'c', null, 'd', true)
json_build_object('a', 1, 'b', 1.50, 'c', timestamp '2024-01-01 10:00')
json_build_object('a')
json_build_object(null, 1)
jsonb_build_array(1, 'a', null, 2.5)
json_build_array(1, 'a', null, array[1, 2])
jsonb_build_object()
json_build_array()
to_json('a"b'::text)
to_json(1.5)
to_json(array[1, 2])
to_json(array[array[1, 2], array[3, 4]])
to_jsonb(timestamp '2024-01-01 10:00:00.5')
to_jsonb(timestamptz '2024-01-01 10:00:00+00')
to_jsonb(date '2024-01-01')
to_jsonb(true)
to_jsonb('NaN'::numeric)
to_jsonb(1e20::float8)
to_jsonb(array['a', null])
jsonb_typeof('[1]')
jsonb_typeof('null'::jsonb)
json_typeof('1.5'::json)
jsonb_array_length('[1, 2, 3]')
jsonb_array_length('{}')
jsonb_strip_nulls('{"a": null, "b": {"c": null}}')
jsonb_extract_path_text('{"a": {"b": 1}}', 'a', 'b')
json_extract_path('{"a": {"b": 1}}', 'a')
'{"a": 1}'::jsonb::text
('{"a": 1.7}'::jsonb -> 'a')::int
('{"a": 1.7}'::jsonb -> 'a')::numeric
('{"a": "x"}'::jsonb -> 'a')::int
('{"a": true}'::jsonb -> 'a')::boolean
'1'::jsonb::int
'{"a":1}'::json::jsonb
jsonb_exists('{"a": 1}', 'a')
'{"a": 1}'::json = '{"a": 1}'::json
-- arrays
array[1, 2, 3]
array[1, 2.5]
array['a', null, 'b c', 'NULL', '']
array[array[1, 2], array[3, 4]]
'{1,2,3}'::int[]
'{a,"b c"}'::text[]
(array[1, 2, 3])[2]
(array[1, 2, 3])[5]
array_length(array[1, 2, 3], 1)
array_length('{}'::int[], 1)
cardinality(array[array[1, 2], array[3, 4]])
array_to_string(array[1, null, 3], ',')
array_to_string(array[1, null, 3], ',', '*')
array_to_string(array[true, false], ' ')
array[1, 2] || array[3]
array[1, 2] || 3
0 || array[1, 2]
array_cat(array[1], array[2])
array_append(array[1], 2)
array_prepend(1, array[2])
array[1, 2] = array[1, 2]
array[1, 2] < array[1, 3]
array[1, 2] < array[1, 2, 0]
array[1, 2, 3] @> array[3, 1]
array[1] <@ array[1, 2]
array[1, 2] && array[2, 3]
array_position(array['a', 'b'], 'b')
array_remove(array[1, 2, 1], 1)
array_upper(array[1, 2], 1)
array_lower(array[1, 2], 1)
array_ndims(array[array[1], array[2]])
array[1.5, 2.5]::int[]
array[1, 2]::text[]
'{1,x}'::text::int[]
array[1, 2]::text
-- uuid and others
'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid
'A0EEBC999C0B4EF8BB6D6BB9BD380A11'::uuid
'x'::text::uuid
'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid = 'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'
date '2024-01-01'::text
timestamp '2024-01-01 10:00:00.120'::text
timestamptz '2024-01-01 10:00:00+02'::text
interval '1 day'::text
'1 day'::text::interval
'10:20'::text::time
'2024-02-29 10:20:30+02'::text::timestamptz
1 + '1'
'1' + 1
1.5 + '1'
'1' + '1'
date '2024-01-01' + '1 day'
date '2024-01-01' - '2023-12-31'
timestamp '2024-01-01' - '1 day'
timestamp '2024-01-01' + '1 day'
1 + null
null + null
abs(null)
abs('-5')
length(null)
round('2.567', 2)
round(2.567::float8, 2)
upper(null)
sqrt('4')
date_trunc('day', '2024-01-01 10:00')
date_part('year', '2024-01-01')
1 < 'abc'
1::int2 = 1::int8
true + 1
date '2024-01-01' + 1.5
'a' + 1
no_such_function(1)
length(1, 2)
lower('a', 'b')
text(1)
date(timestamp '2024-01-01 10:00')
int4(2.5)
float8(1)
'1'::bytea::int
1::date
true::float8
'2024-01-01'::date::int
1::int::date
'a'::uuid
array[1]::int
-- more numbers
sum_of(1)
1e3 + 0.001
1000000000000000000000.5 - 0.5
3 * 0.10
0.5 * 0.5
2.50 / 5
1 / 7.0
22.0 / 7
1e20 / 1e10
1.0 / 1000000
1.0 / 1e30
7.000 / 2.00
99999999.99 / 3
0.0 / 5
5 / 2.0::float8
10 % 3.3
-10 % 3.3
10.0 % -3
round(1e20 / 3, 5)
round(-1.555, 2)
round(123.456, -1)
round(0.000049, 4)
trunc(123.456, 1)
ceil(-0.5)
floor(0.5)
abs(-1.50)
- 1.50
-'5'::numeric
+ 5
1.10 = 1.1
1.10::text = 1.1::text
1e-16383
'1e-16384'::numeric
exp(-5000.0)
exp(6000.0)
ln(2)
power(1.0001, 10000)
power(1.5, 3)
power(100.0, 0.5)
power(2, 0.5)
power(2.5, -3)
power(-2.0, 3)
sqrt(15)
sqrt(0.5)
sqrt(1e10)
sqrt(1e11)
sqrt(12345.6789)
log(0.5)
log(3.0, 7.0)
ln(3.14159)
ln(0.99)
ln(99999999999999999999.9)
exp(2.5)
exp(0.001)
exp(20)
"##;

//! Expressions over json, jsonb and arrays, one per line; what Postgres answers is asked of it when the test runs.

pub(super) const CASES: &str = r##"
-- json keeps what was written
'{"b":1,  "a":[1 , 2]}'::text::json
' [1] '::text::json
'1e999999'::text::json
'1e999999'::text::jsonb
'-0'::text::json
'-0'::text::jsonb
'-0.00'::text::jsonb
'1E5'::text::jsonb
'1.50e-3'::text::jsonb
'0.1e1'::text::jsonb
'1e-5'::text::jsonb
'123456789012345678901234567890.12345678901234567890'::text::jsonb
'[1.0, 1.00, 1, 100e-2]'::text::jsonb
'01'::text::json
'1.'::text::json
'.5'::text::json
'+1'::text::json
'1e'::text::json
'1e+'::text::json
'- 1'::text::json
'-'::text::json
'0x1'::text::json
'1a'::text::json
'NaN'::text::json
'Infinity'::text::jsonb
'tru'::text::json
'truee'::text::json
'TRUE'::text::json
'nul'::text::json
'null null'::text::json
''::text::json
' '::text::json
'[1,]'::text::json
'[,1]'::text::json
'[1 2]'::text::json
'[1'::text::json
'{"a"}'::text::json
'{"a":}'::text::json
'{"a":1,}'::text::json
'{a:1}'::text::json
'{1:1}'::text::json
'{"a":1 "b":2}'::text::json
'{"a":1}}'::text::json
'[1]]'::text::json
'''a'''::text::json
'"a'::text::json
'"\"'::text::json
'"\q"'::text::json
'"\u12"'::text::json
'"\u12g4"'::text::json
'"\u0000"'::text::json
'"\u0000"'::text::jsonb
'{"\u0000": 1}'::text::json
'{"\u0000": 1}'::text::jsonb
'"\ud83d\ude04"'::text::json
'"\ud83d\ude04"'::text::jsonb
'"\ud83d"'::text::json
'"\ud83d"'::text::jsonb
'"\ude04"'::text::json
'"\ude04"'::text::jsonb
'"\ud83dx"'::text::jsonb
'"\ud83d\ud83d"'::text::jsonb
'"\ud83d\u0041"'::text::jsonb
'"\ud83d\n"'::text::jsonb
'"\u00E4\u00e4"'::text::jsonb
'"\/\b\f\n\r\t\"\\"'::text::jsonb
'"\u001f\u007f\u0080"'::text::jsonb
('"' || chr(9) || '"')::json
('"' || chr(127) || '"')::json
('"' || chr(31) || '"')::jsonb
('[' || chr(11) || '1]')::json
('[' || chr(9) || '1]')::json
('[' || chr(160) || '1]')::json
repeat('[', 300)::json
(repeat('[', 300) || repeat(']', 300))::json::text
('{"a":' || repeat('[', 100) || repeat(']', 100) || '}')::jsonb::text
-- keys: the last of equal ones, shorter first
'{"a":1,"a":2,"a":3}'::text::jsonb
'{"a":1,"b":2,"a":{"c":1,"c":2}}'::text::jsonb
'{"bb":1,"a":2,"":3,"ab":4,"ä":5}'::text::jsonb
'{"\u0061":1,"a":2}'::text::jsonb
'{"a":1,"a":2}'::text::json -> 'a'
'{"a":1,"a":2}'::text::json #> '{a}'
'{"a":{"b":1},"a":{"c":2}}'::json #> '{a,b}'
'{"a":{"b":1},"a":{"c":2}}'::json #>> '{a,c}'
-- parts
'[1,2,3]'::json -> 0
'[1,2,3]'::json -> -1
'[1,2,3]'::json -> -3
'[1,2,3]'::json -> -4
'[1,2,3]'::json -> 3
'[1,2,3]'::jsonb -> -4
'[1,2,3]'::jsonb -> 2147483647
'[1,2,3]'::jsonb -> -2147483648
'[1,2,3]'::json -> -2147483648
'{"1":2}'::json -> 1
'{"1":2}'::jsonb -> 1
'{"1":2}'::json -> '1'
'[1,2]'::json -> '0'
'[1,2]'::jsonb -> '0'
'1'::json -> 0
'"a"'::jsonb -> 0
'"a"'::jsonb -> -1
'null'::jsonb -> 0
'"a"'::jsonb ->> 0
'5'::jsonb -> 'a'
'5'::json ->> 'a'
'null'::json ->> 0
'[null]'::json ->> 0
'[null]'::json -> 0
'[null]'::jsonb ->> 0
'[null]'::jsonb -> 0
'["a\nb"]'::json -> 0
'["a\nb"]'::json ->> 0
'[ {"a" :  1} ]'::json -> 0
'[ {"a" :  1} ]'::json ->> 0
'["\u00e4"]'::json -> 0
'["\u00e4"]'::json ->> 0
'["\u0000"]'::json -> 0
'["\u0000"]'::json ->> 0
'["\u0000", 1]'::json -> 1
'["\ud83d", 1]'::json -> 1
'[1e999999]'::json -> 0
'[1e999999]'::json ->> 0
'[1.00]'::jsonb ->> 0
'[1.00]'::json ->> 0
'{"a":true}'::jsonb ->> 'a'
'{"a":1}'::jsonb -> null
null::jsonb -> 'a'
null::json ->> 0
'{"a":[1,{"b":2}]}'::jsonb #> '{}'
'{"a":[1,{"b":2}]}'::json #> '{}'
'{"a":[1,{"b":2}]}'::jsonb #>> '{}'
'{"a":[1, {"b":2}]}'::json #>> '{}'
'"x"'::jsonb #>> '{}'
'"x"'::json #>> '{}'
'null'::jsonb #>> '{}'
'null'::json #>> '{}'
'"x"'::jsonb #> '{a}'
'"x"'::jsonb #> '{0}'
'"x"'::json #> '{0}'
'{"a":[1,{"b":2}]}'::jsonb #> '{a,1,b}'
'{"a":[1,{"b":2}]}'::jsonb #> '{a,-1,b}'
'{"a":[1,{"b":2}]}'::json #> '{a,-1,b}'
'{"a":[1,{"b":2}]}'::jsonb #> '{a,-3}'
'{"a":[1,{"b":2}]}'::jsonb #> '{a,x}'
'{"a":[1,{"b":2}]}'::jsonb #> array['a', ' 1']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', '1 ']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', '+1']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', '01']
'{"a":[1,{"b":2}]}'::json #> array['a', ' 1']
'{"a":[1,{"b":2}]}'::json #> array['a', '1 ']
'{"a":[1,{"b":2}]}'::json #> array['a', '+1']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', '']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', '99999999999']
'{"a":[1,{"b":2}]}'::jsonb #> array['a', null]
'{"a":[1,{"b":2}]}'::json #> array['a', null]
'{"a":null}'::jsonb #> '{a}'
'{"a":null}'::jsonb #>> '{a}'
'{"a":null}'::json #>> '{a}'
'{"a":{"b":{"c":[7]}}}'::jsonb #>> '{a,b,c,0}'
'{"a":{"b":1}}'::jsonb #> '{a,b,c}'
jsonb_extract_path('{"a":[1,{"b":2}]}', 'a', '1', 'b')
jsonb_extract_path('{"a":[1,{"b":2}]}', 'a', null)
json_extract_path_text('{"a":[1,{"b":"x"}]}', 'a', '1', 'b')
json_extract_path_text('{"a":[1,{"b":"x"}]}', 'a', '-1', 'b')
jsonb_extract_path_text('{"a":1}', 'b')
('{"a":[1,2,3]}'::jsonb)['a']
('{"a":[1,2,3]}'::jsonb)['a'][1]
('{"a":[1,2,3]}'::jsonb)['a'][-1]
('[1,2,3]'::jsonb)[0]
('[1,2,3]'::jsonb)['1']
('[1,2,3]'::jsonb)['x']
('{"1":5}'::jsonb)[1]
('{"1":5}'::jsonb)[null]
-- kinds and lengths
json_typeof('[]')
json_typeof('{}')
json_typeof('"a"')
json_typeof('1e999999')
json_typeof('"\u0000"')
json_typeof('false')
json_typeof(' null ')
jsonb_typeof('1')
jsonb_typeof('"1"')
json_array_length('[]')
json_array_length('[1,[2,3],{"a":[4]}]')
json_array_length('{"a":1}')
json_array_length('1')
jsonb_array_length('"a"')
jsonb_array_length('[[],[]]')
json_array_length('["\u0000"]')
-- without nulls
json_strip_nulls('{"a": null, "b": {"c": null, "d": 1}, "e": [null, {"f": null}]}')
jsonb_strip_nulls('{"a": null, "b": {"c": null, "d": 1}, "e": [null, {"f": null}]}')
json_strip_nulls('{"a" : 1.00 , "b":"\u00e4\n", "a":null, "c":1e999999}')
json_strip_nulls('null')
jsonb_strip_nulls('null')
json_strip_nulls(' [ 1 , null ] ')
json_strip_nulls('{"a":null}')
jsonb_strip_nulls('{"a":{"b":null}}')
jsonb_strip_nulls('[null]')
jsonb_strip_nulls('1.50')
json_strip_nulls('"a\/b"')
json_strip_nulls('{"a\/b":{}}')
jsonb_strip_nulls(null)
-- containment
'{"a":1,"b":[1,2]}'::jsonb @> '{"b":[2]}'
'{"a":1,"b":[1,2]}'::jsonb @> '{"b":2}'
'{"a":1,"b":[1,2]}'::jsonb @> '{}'
'[1]'::jsonb @> '{}'
'[1]'::jsonb @> '[]'
'{}'::jsonb @> '[]'
'1'::jsonb @> '1'
'1'::jsonb @> '1.0'
'1'::jsonb @> '[]'
'1'::jsonb @> '[1]'
'[1]'::jsonb @> '1.00'
'["a"]'::jsonb @> '"a"'
'[["a"]]'::jsonb @> '"a"'
'[["a"]]'::jsonb @> '["a"]'
'[["a"]]'::jsonb @> '[["a"]]'
'[1,2]'::jsonb @> '[1,1,2,2]'
'[1,[1,2]]'::jsonb @> '[[2]]'
'[1,[1,2]]'::jsonb @> '[[3]]'
'[{"a":1,"b":2},{"a":3}]'::jsonb @> '[{"a":1}]'
'[{"a":1},{"b":2}]'::jsonb @> '[{"a":1,"b":2}]'
'{"a":{"b":{"c":1}}}'::jsonb @> '{"a":{"b":{}}}'
'{"a":{"b":{"c":1}}}'::jsonb @> '{"a":{"c":1}}'
'{"a":null}'::jsonb @> '{"a":null}'
'{"a":1}'::jsonb @> '{"a":null}'
'null'::jsonb @> 'null'
'[null]'::jsonb @> 'null'
'{"a":[]}'::jsonb @> '{"a":{}}'
'{"a":[1]}'::jsonb @> '{"a":[]}'
'{"a":[]}'::jsonb <@ '{"a":[1]}'
'1'::jsonb <@ '[1,2]'
'[1]'::jsonb <@ '1'
'"a"'::jsonb <@ '"a"'
'{"a":1}'::jsonb @> null
'true'::jsonb @> 'true'
'[true]'::jsonb @> '[1]'
jsonb_contains('{"a":1}', '{"a":1}')
jsonb_contained('{"a":1}', '{"a":1,"b":2}')
-- keys
'{"a":1}'::jsonb ? 'a'
'{"a":{"b":1}}'::jsonb ? 'b'
'["a","b"]'::jsonb ? 'b'
'[["b"]]'::jsonb ? 'b'
'[1]'::jsonb ? '1'
'"a"'::jsonb ? 'a'
'1'::jsonb ? '1'
'{}'::jsonb ? ''
'{"":1}'::jsonb ? ''
'{"a":1}'::jsonb ? null
'{"a":1,"b":2}'::jsonb ?| '{a,c}'
'{"a":1,"b":2}'::jsonb ?| '{c,d}'
'{"a":1,"b":2}'::jsonb ?| '{}'
'{"a":1,"b":2}'::jsonb ?| array['a', null]
'{"a":1,"b":2}'::jsonb ?& '{a,b}'
'{"a":1,"b":2}'::jsonb ?& '{a,c}'
'{"a":1,"b":2}'::jsonb ?& '{}'
'{"a":1,"b":2}'::jsonb ?& array['a', null]
'["a","b"]'::jsonb ?& '{a,b}'
'"a"'::jsonb ?& '{a}'
'"a"'::jsonb ?| '{a,b}'
'1'::jsonb ?& '{}'
'1'::jsonb ?| '{}'
jsonb_exists('["a"]', 'a')
jsonb_exists_any('{"a":1}', '{b,a}')
jsonb_exists_all('{"a":1}', '{b,a}')
-- concatenation
'{"a":1,"b":2}'::jsonb || '{"b":3,"c":4}'
'{"a":{"x":1}}'::jsonb || '{"a":{"y":2}}'
'[1]'::jsonb || '[2,[3]]'
'[1]'::jsonb || '{"a":1}'
'{"a":1}'::jsonb || '[1]'
'1'::jsonb || '2'
'1'::jsonb || '[]'
'[]'::jsonb || '1'
'"a"'::jsonb || '{"a":1}'
'{"a":1}'::jsonb || '"a"'
'{"a":1}'::jsonb || 'null'
'null'::jsonb || 'null'
'null'::jsonb || '[null]'
'{}'::jsonb || '{}'
'[]'::jsonb || '[]'
'{}'::jsonb || '[]'
'[]'::jsonb || '{}'
'{}'::jsonb || '1'
'[[1]]'::jsonb || '[[2]]'
'{"a":1}'::jsonb || null
jsonb_concat('[1]', '2')
-- removal
'{"a":1,"b":2}'::jsonb - 'a'
'{"a":1,"b":2}'::jsonb - 'c'
'["a","b","a"]'::jsonb - 'a'
'[1,"1"]'::jsonb - '1'::text
'{"a":1,"b":2,"c":3}'::jsonb - '{a,c}'::text[]
'{"a":1,"b":2,"c":3}'::jsonb - array['a', null]
'{"a":1}'::jsonb - '{}'::text[]
'["a","b","c"]'::jsonb - '{a,c}'::text[]
'[1,2,3]'::jsonb - 0
'[1,2,3]'::jsonb - -1
'[1,2,3]'::jsonb - -4
'[1,2,3]'::jsonb - 3
'[1,2,3]'::jsonb - (-2147483648)
'[]'::jsonb - 0
'{"a":1}'::jsonb - 0
'{}'::jsonb - 0
'{}'::jsonb - 'a'
'1'::jsonb - 0
'1'::jsonb - 'a'
'"a"'::jsonb - 'a'
'null'::jsonb - '{a}'::text[]
'{"a":1}'::jsonb - null::text
jsonb_delete('{"a":1}', 'a')
jsonb_delete('[1,2]', 1)
jsonb_delete('{"a":1,"b":2}', 'a', 'b')
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,0}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,-1}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,-3}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,2}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,x}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,b,0,c}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a,c}'
'{"a":{"b":[1,2]}}'::jsonb #- '{a}'
'{"a":{"b":[1,2]}}'::jsonb #- '{}'
'{"a":{"b":[1,2]}}'::jsonb #- array['a', null]
'{"a":{"b":[1,2]}}'::jsonb #- array['x', null]
'{}'::jsonb #- '{a}'
'[]'::jsonb #- '{0}'
'[]'::jsonb #- '{a}'
'1'::jsonb #- '{a}'
'1'::jsonb #- '{}'
'[[1,2],[3]]'::jsonb #- '{0,1}'
jsonb_delete_path('{"a":[1]}', '{a,0}')
-- set
jsonb_set('{"a":1}', '{a}', '2')
jsonb_set('{"a":1}', '{b}', '2')
jsonb_set('{"a":1}', '{b}', '2', false)
jsonb_set('{"a":1}', '{b}', '2', true)
jsonb_set('{"a":1}', '{b}', '2', null)
jsonb_set('{"a":1}', '{b,c}', '2')
jsonb_set('{"a":{}}', '{a,b}', '[1.00]')
jsonb_set('{"a":1}', '{a,b}', '2')
jsonb_set('[1,2,3]', '{1}', '"x"')
jsonb_set('[1,2,3]', '{-1}', '"x"')
jsonb_set('[1,2,3]', '{-4}', '"x"')
jsonb_set('[1,2,3]', '{-4}', '"x"', false)
jsonb_set('[1,2,3]', '{3}', '"x"')
jsonb_set('[1,2,3]', '{99}', '"x"')
jsonb_set('[1,2,3]', '{99}', '"x"', false)
jsonb_set('[1,2,3]', '{a}', '"x"')
jsonb_set('[1,2,3]', '{1.5}', '"x"')
jsonb_set('[1,2,3]', array[' 1'], '"x"')
jsonb_set('[1,2,3]', array['1 '], '"x"')
jsonb_set('[1,2,3]', array['+1'], '"x"')
jsonb_set('[1,2,3]', array[''], '"x"')
jsonb_set('[1,2,3]', '{99999999999}', '"x"')
jsonb_set('[]', '{0}', '1')
jsonb_set('[]', '{-5}', '1')
jsonb_set('[]', '{-5}', '1', false)
jsonb_set('{}', '{a}', '1')
jsonb_set('{}', '{a}', '1', false)
jsonb_set('{}', '{a,b}', '1')
jsonb_set('[[1],[2]]', '{0,5}', '9')
jsonb_set('[{"a":1},{"a":2}]', '{1,a}', '{"b":[]}')
jsonb_set('{"a":[{"b":1}]}', '{a,0,b}', 'null')
jsonb_set('{"a":1}', '{}', '2')
jsonb_set('[1]', '{}', '2')
jsonb_set('1', '{}', '2')
jsonb_set('1', '{a}', '2')
jsonb_set('"a"', '{0}', '2')
jsonb_set('{"a":1}', array[null], '2')
jsonb_set('{"a":1}', array['b', null], '2')
jsonb_set('{"a":{"b":1}}', array['a', null], '2')
jsonb_set('{"a":1}', array['a', null], '2')
jsonb_set('[1]', array['0', null, 'x'], '2')
jsonb_set('[]', array[null], '2', false)
jsonb_insert('[]', array[null], '2')
jsonb_delete('[]', 'a')
jsonb_set('{"a":1}', null, '2')
jsonb_set('{"a":1}', '{a}', null)
jsonb_set(null, '{a}', '1')
jsonb_set('{"a":1}', array[array['a']], '2')
jsonb_set('{"b":1,"aa":2}', '{a}', '3')
jsonb_set('{"a":1}', '{a}', '{"z":1,"y":2}')
jsonb_set_lax('{"a":1}', '{a}', '2')
jsonb_set_lax('{"a":1}', '{a}', null)
jsonb_set_lax('{"a":1}', '{b}', null)
jsonb_set_lax('{"a":1}', '{b}', null, false)
jsonb_set_lax('{"a":1}', '{a}', null, true, 'raise_exception')
jsonb_set_lax('{"a":1}', '{a}', null, true, 'delete_key')
jsonb_set_lax('{"a":1}', '{a}', null, true, 'return_target')
jsonb_set_lax('{"a":1}', '{a}', null, true, 'use_json_null')
jsonb_set_lax('{"a":1}', '{a}', null, true, 'nonsense')
jsonb_set_lax('{"a":1}', '{a}', '2', true, 'nonsense')
jsonb_set_lax('{"a":1}', '{a}', null, true, null)
jsonb_set_lax('{"a":1}', '{a}', '5', true, null)
jsonb_set_lax('{"a":1}', '{a}', '5', null)
jsonb_set_lax('{"a":1}', null, '5')
jsonb_set_lax(null, '{a}', '5')
jsonb_set_lax('[1,2]', '{0}', null, true, 'delete_key')
jsonb_set_lax('1', '{0}', null, true, 'delete_key')
jsonb_set_lax('1', '{0}', null, true, 'return_target')
-- insert
jsonb_insert('{"a":[0,1,2]}', '{a,1}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a,1}', '"x"', true)
jsonb_insert('{"a":[0,1,2]}', '{a,1}', '"x"', null)
jsonb_insert('{"a":[0,1,2]}', '{a,-1}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a,-1}', '"x"', true)
jsonb_insert('{"a":[0,1,2]}', '{a,-3}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a,-4}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a,-4}', '"x"', true)
jsonb_insert('{"a":[0,1,2]}', '{a,3}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a,10}', '"x"', true)
jsonb_insert('{"a":[0,1,2]}', '{b}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{a}', '"x"')
jsonb_insert('{"a":[0,1,2]}', '{b,c}', '"x"')
jsonb_insert('{"a":{"b":1}}', '{a,c}', '[null]')
jsonb_insert('{"a":{"b":1}}', '{a,b}', '2')
jsonb_insert('{"a":{"b":1}}', '{a,b}', '2', true)
jsonb_insert('{"a":{"b":1}}', '{a,b,c}', '2')
jsonb_insert('[]', '{0}', '1')
jsonb_insert('[]', '{1}', '1', true)
jsonb_insert('[]', '{-1}', '1')
jsonb_insert('[1]', '{a}', '1')
jsonb_insert('1', '{a}', '1')
jsonb_insert('{"a":1}', '{}', '1')
jsonb_insert('{}', '{a}', '{"b":1}')
-- pretty
jsonb_pretty('{"a":[1,{"b":null}],"c":{},"d":[]}')
jsonb_pretty('[]')
jsonb_pretty('{}')
jsonb_pretty('[[]]')
jsonb_pretty('[{}]')
jsonb_pretty('"a\nb"')
jsonb_pretty('1.50')
jsonb_pretty('{"b":1,"aa":"ä"}')
-- equality and order
'{"a":1.0}'::jsonb = '{"a":1.00}'
'[1,2]'::jsonb = '[1,2.0]'
'{"a":1,"b":2}'::jsonb = '{"b":2,"a":1}'
'{"a":1}'::jsonb <> '{"a":2}'
'[]'::jsonb < 'null'
'[]'::jsonb < '{}'
'[]'::jsonb < '""'
'[]'::jsonb < 'true'
'[]'::jsonb < '[null]'
'[[]]'::jsonb < '[null]'
'[[]]'::jsonb > '[1]'
'null'::jsonb < '"a"'
'"a"'::jsonb < '1'
'1'::jsonb < 'true'
'false'::jsonb < 'true'
'true'::jsonb < '[1]'
'[1]'::jsonb < '{}'
'[9]'::jsonb < '[1,2]'
'[1,2]'::jsonb < '[1,3]'
'{"b":1}'::jsonb < '{"aa":1}'
'{"aa":1}'::jsonb < '{"b":1}'
'{"a":2,"b":1}'::jsonb < '{"a":1,"c":1}'
'{"a":1,"b":1}'::jsonb < '{"a":1,"c":1}'
'{"a":1}'::jsonb < '{"a":1,"b":1}'
'{"z":1}'::jsonb < '{"a":1,"b":1}'
'{"a":[1]}'::jsonb < '{"a":{}}'
'{"a":"x"}'::jsonb > '{"a":null}'
'10'::jsonb > '9'
'-1'::jsonb < '0'
'1e100'::jsonb > '1e99'
'"Z"'::jsonb < '"a"'
'"a"'::jsonb < '"ab"'
'"ä"'::jsonb > '"z"'
'1'::jsonb between '0' and '2'
'1.0'::jsonb in ('1', '2')
greatest('1'::jsonb, '"a"', '{}')
least('1'::jsonb, '"a"', '[]')
nullif('1.0'::jsonb, '1')
'1'::jsonb is distinct from '1.0'
array['1'::jsonb, '2'] = array['1.0'::jsonb, '2.00']
array['[]'::jsonb] < array['null'::jsonb]
'1'::jsonb = any (array['2', '1.00']::jsonb[])
-- casts
'1.5'::jsonb::int
'1.5'::jsonb::int8
'2.5'::jsonb::int2
'99999'::jsonb::int2
'1e10'::jsonb::int
'1.5'::jsonb::float8
'1e400'::jsonb::float8
'1.55'::jsonb::numeric(3,1)
'1.50'::jsonb::numeric
'true'::jsonb::bool
'1'::jsonb::bool
'"true"'::jsonb::bool
'null'::jsonb::int
'null'::jsonb::bool
'[1]'::jsonb::int
'{}'::jsonb::numeric
'"1"'::jsonb::text
'"a\nb"'::jsonb::text
'{"a":  1}'::json::text
'{"a":  1}'::json::jsonb
'"\u0000"'::json::jsonb
'1e999999'::json::jsonb
'{"a":1}'::jsonb::json
array['{"a":  1}']::jsonb[]
array['1', '{bad']::text[]::jsonb[]
-- building
to_json('a/b"\ '::text)
to_json(null::text)
to_jsonb(null::int)
to_json(chr(1) || chr(127) || chr(8) || chr(12))
to_jsonb(chr(1) || chr(127) || chr(8) || chr(12))
to_json(1.50::numeric)
to_jsonb(1.50::numeric)
to_json(1e20::float8)
to_jsonb(1e20::float8)
to_json(1e-7::float8)
to_json(0.1::float4)
to_jsonb(0.1::float4)
to_json('NaN'::float8)
to_jsonb('Infinity'::float8)
to_json('NaN'::numeric)
to_json(true)
to_json(date '2024-02-29')
to_json(date 'infinity')
to_json(timestamp '2024-01-01 10:00:00.123')
to_json(timestamp '-infinity')
to_json(timestamptz '2024-01-01 10:00:00.123+02')
to_json(time '10:00')
to_json(interval '1 day 2 hours')
to_json('\x01ff'::bytea)
to_json('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)
to_json('a  '::char(5))
to_json(array[1,2,null])
to_json('{}'::int[])
to_json(array[array[1,2],array[3,4]])
to_json('[0:1]={1,2}'::int[])
to_json(array['a','b"'])
to_json(array[true,false])
to_json(array['1.0'::jsonb, '{"a":1}'])
to_json('{"a":  1}'::json)
to_jsonb('{"b":1,  "a":2}'::json)
to_json('{"b":1,  "a":2}'::jsonb)
to_json('-0'::float8)
to_jsonb('-0'::float8)
to_json('5'::oid)
to_json('10.0.0.1'::inet)
array_to_json(array[1,2])
array_to_json(array[array[1],array[2]])
array_to_json('{}'::text[])
array_to_json(array[1,2], true)
array_to_json(array[array[1,2],array[3,4]], true)
array_to_json(array[1,2], false)
array_to_json(array[1,2], null)
json_build_array()
json_build_array(1, 'a', null, true, 1.50, array[1], '{"a":  1}'::json)
jsonb_build_array(1, 'a', null, true, 1.50, array[1], '{"a":  1}'::json)
json_build_object('a', 1, 'b', null)
json_build_object(1, 2, true, false, 1.5, null)
json_build_object('a', 1, 'a', 2)
jsonb_build_object('a', 1, 'a', 2)
json_build_object(null, 1)
jsonb_build_object(null, 1)
json_build_object('a')
jsonb_build_object('a', 1, 'b')
json_build_object('{}'::json, 1)
json_build_object(array[1], 1)
jsonb_build_object(array[1], 1)
json_build_object(date '2024-01-01', time '10:00')
json_build_object('a"b', 'c\d')
jsonb_build_object('bb', 1, 'a', json_build_array(1, null))
json_object('{a,1,b,2}')
json_object('{a,1,b,null}')
json_object('{{a,1},{b,2}}')
json_object('{{a,1,x},{b,2,y}}')
json_object('{a,1,b}')
json_object('{}')
json_object('{a,b}', '{1,2}')
json_object('{a,b}', '{1,null}')
json_object('{a,b}', '{1}')
json_object(array['a', null], '{1,2}')
json_object(array[null, 'a'])
json_object('{a,a}', '{1,2}')
jsonb_object('{a,a}', '{1,2}')
jsonb_object('{b,1,aa,2,c,null}')
jsonb_object('{{a,1},{b,2}}')
jsonb_object('{}', '{}')
jsonb_object(null)
-- arrays
(array[1,2,3])[2]
(array[1,2,3])[0]
(array[1,2,3])[4]
(array[1,2,3])[-1]
(array[1,2,3])[null]
('[0:2]={1,2,3}'::int[])[0]
('[0:2]={1,2,3}'::int[])[2]
('[-1:1]={1,2,3}'::int[])[-1]
(array[array[1,2],array[3,4]])[1]
(array[array[1,2],array[3,4]])[1][2]
(array[array[1,2],array[3,4]])[2][3]
(array[1,2])[1][1]
(array[1,2,3,4])[2:3]
(array[1,2,3,4])[2:]
(array[1,2,3,4])[:2]
(array[1,2,3,4])[:]
(array[1,2,3,4])[3:2]
(array[1,2,3,4])[0:9]
(array[1,2,3,4])[5:6]
(array[1,2,3,4])[-3:-1]
(array[1,2,3,4])[null:2]
('[0:3]={1,2,3,4}'::int[])[1:2]
('[0:3]={1,2,3,4}'::int[])[:1]
('{}'::int[])[1:2]
(array[array[1,2],array[3,4],array[5,6]])[2:3]
(array[array[1,2],array[3,4],array[5,6]])[1:1]
(array[array[1,2,3],array[4,5,6]])[1:2][2:3]
(array[array[1,2,3],array[4,5,6]])[:][2:2]
(array[array[1,2,3],array[4,5,6]])[2:2][1]
(array[array[1,2,3],array[4,5,6]])[1][2:3]
(array[array[1,2,3],array[4,5,6]])[1:5][3:9]
(array[array[1,2,3],array[4,5,6]])[1:1][5:9]
array_length('[2:4]={1,2,3}'::int[], 1)
array_length('{}'::int[], 1)
array_length(array[array[1,2]], 2)
array_length(array[1], 2)
array_length(array[1], 0)
array_lower('[2:4]={1,2,3}'::int[], 1)
array_upper('[2:4]={1,2,3}'::int[], 1)
array_upper('{}'::int[], 1)
array_ndims(array[array[1]])
array_ndims('{}'::int[])
cardinality('{}'::int[])
cardinality(array[array[1,2],array[3,4]])
array_dims('[2:4][0:1]={{1,2},{3,4},{5,6}}'::int[])
array_dims('{}'::int[])
array_append('{}'::int[], 1)
array_append(null::int[], 1)
array_append(array[1], null)
array_append('[0:1]={1,2}'::int[], 3)
array_append(array[array[1]], 2)
array_prepend(1, '{}'::int[])
array_prepend(1, '[0:1]={1,2}'::int[])
array_prepend(null, array[1])
array_prepend(1, null::int[])
array_cat(array[1], array[2])
array_cat(array[1], null)
array_cat(null, array[1])
array_cat('[0:1]={1,2}'::int[], '[5:6]={3,4}'::int[])
array_cat(array[array[1,2]], array[3,4])
array_cat(array[1,2], array[array[3,4]])
array_cat(array[array[1,2]], array[array[3,4],array[5,6]])
array_cat(array[array[1,2]], array[3])
array_cat(array[array[1,2]], array[array[3]])
array_cat('{}'::int[], array[array[1]])
array[1] || 2
1 || array[2]
array[1] || array[2.5]
array[1] || 2.5
array[1] || null
null || array[1]
array['a'] || 'b'::text
array['a'] || '{b,c}'
array[1] || '{2}'
array_position(array[1,2,3,2], 2)
array_position(array[1,2,3,2], 2, 3)
array_position(array[1,2,3,2], 2, 9)
array_position(array[1,2,3,2], 2, -5)
array_position(array[1,null,3], null)
array_position(array[1], 9)
array_position('[0:1]={7,8}'::int[], 7)
array_position('[0:1]={7,8}'::int[], 8, 1)
array_position(null::int[], 1)
array_position(array[array[1]], 1)
array_position(array[1,2], 2, null)
array_positions(array[1,2,1], 1)
array_positions(array[1,null,null], null)
array_positions('[0:2]={1,2,1}'::int[], 1)
array_positions(array[1], 2)
array_positions(null::int[], 1)
array_remove(array[1,2,1,null], 1)
array_remove(array[1,2,1,null], null)
array_remove(array[1], 1)
array_remove('[0:2]={1,2,3}'::int[], 2)
array_remove(array[array[1]], 1)
array_remove(null::int[], 1)
array_replace(array[1,2,1,null], 1, 9)
array_replace(array[1,null], null, 0)
array_replace(array[1,2], 1, null)
array_replace(array[array[1,2]], 1, 9)
array_replace(null::int[], 1, 2)
array_fill(0, array[2])
array_fill('x'::text, array[2,2])
array_fill(7, array[2], array[0])
array_fill(null::int, array[2])
array_fill(0, array[0])
array_fill(0, '{}'::int[])
array_fill(0, null)
array_fill(0, array[null]::int[])
array_fill(0, array[-1])
array_fill(0, array[2], array[1,2])
trim_array(array[1,2,3], 1)
trim_array(array[1,2,3], 3)
trim_array(array[1,2,3], 4)
trim_array(array[1,2,3], -1)
trim_array('{}'::int[], 0)
trim_array('[0:2]={1,2,3}'::int[], 1)
trim_array(array[array[1,2],array[3,4]], 1)
array_to_string(array[1,null,3], ',')
array_to_string(array[1,null,3], ',', '*')
array_to_string(array[1,null,3], null)
array_to_string(array[1,2], ',', null)
array_to_string('{}'::int[], ',')
array_to_string(array[array[1,2],array[3,4]], ',')
array_to_string(array['a b', '"'], ' ')
array_to_string(array[true,false], ',')
array_to_string(null::int[], ',')
string_to_array('a,b,,c', ',')
string_to_array('a,b,,c', ',', '')
string_to_array('a,b', null)
string_to_array('', ',')
string_to_array('abc', '')
string_to_array(null, ',')
string_to_array('abc', ',', 'abc')
string_to_array('a||b||', '||')
array[1,2,3] @> array[2,1]
array[1,2,3] @> array[4]
array[1,2,3] @> '{}'
array[1,null] @> array[null]::int[]
array[array[1,2],array[3,4]] @> array[4]
array[1] <@ array[1,2]
array[1,2] && array[2,3]
array[1,2] && array[3]
array[1,null] && array[null]::int[]
'{}'::int[] && array[1]
array[1,2] = array[1,2]
array[1,2] < array[1,3]
array[1,2] < array[1,2,0]
array[1,null] = array[1,null]
array[1,null] > array[1,2]
array[array[1,2]] = array[1,2]
array[array[1],array[2]] > array[1,2]
'[0:1]={1,2}'::int[] = array[1,2]
'[0:1]={1,2}'::int[] < array[1,2]
'{1, 2 ,3}'::int[]
'{{1,2},{3,4}}'::int[]
'{{1,2},{3}}'::text::int[]
'{1,2'::text::int[]
'{a,"b c",null,"null",""}'::text[]
'{"a\"b","c\\d"}'::text[]
'{ }'::int[]
'{{}}'::text::int[]
'{1,}'::text::int[]
'[1:2]={1}'::text::int[]
array[1,2]::text[]
array['1','2']::int[]
array[1.5,2.5]::int[]
array['a','b']::text
array[null]::int[]
array[array[1,null],array[null,2]]
1 = any (array[1,2])
1 = any (array[2,null])
1 = all (array[1,1])
1 <> all (array[2,null])
1 = any ('{}'::int[])
null = any ('{}'::int[])
null <> all ('{}'::int[])
null = all (array[1,null])
null < any (null::int[])
1 = all ('{}'::int[])
1 < any (array[0,2])
'a' = any ('{a,b}')
null = any (array[1])
1 = any (null::int[])
-- the last timestamp
'294276-12-31'::date::timestamp
'294277-01-01'::date::timestamp
'294277-01-08'::date::timestamptz
-- LIKE of bytes
'\x616263'::bytea like '\x6125'::bytea
'\x616263'::bytea like 'a%'
'\x616263'::bytea not like 'a_c'
'\x61ff63'::bytea like 'a_c'::bytea
'\xc3a4'::bytea like '_'::bytea
'\xc3a4'::bytea like '__'::bytea
''::bytea like ''::bytea
'\x6125'::bytea like '\x615c25'::bytea
'\x61'::bytea like '\x615c'::bytea
'\x615c'::bytea like '\x615c'::bytea
'\x6125'::bytea like '\x612125'::bytea escape '!'
'abc'::bytea ~~ '%c'
'abc'::bytea !~~ '%c'
"##;

/// Calls of set-returning functions; rows are compared.
pub(super) const TABLES: &str = r##"
jsonb_to_record('{"a":1,"b":"x"}') as t(a int; b text)
json_to_record('{"a":1,"b":"x"}') as t(a int; b text)
jsonb_to_record('{"b":"x"}') as t(a int; b text)
jsonb_to_record('{}') as t(a int; b text)
jsonb_to_record('{"a":null,"b":null}') as t(a int; b jsonb)
json_to_record('{"a":null,"b":null}') as t(a json; b text)
jsonb_to_record(null) as t(a int; b text)
json_to_record('[1]') as t(a int)
jsonb_to_record('[{"a":1}]') as t(a int)
jsonb_to_record('1') as t(a int)
json_to_record('null') as t(a int)
jsonb_to_record('null') as t(a int)
jsonb_to_record('{"a":"5"}') as t(a int)
jsonb_to_record('{"a":5.5}') as t(a int)
jsonb_to_record('{"a":"x"}') as t(a int)
jsonb_to_record('{"a":true}') as t(a int)
jsonb_to_record('{"a":true}') as t(a boolean)
jsonb_to_record('{"a":"yes"}') as t(a boolean)
jsonb_to_record('{"a":1}') as t(a boolean)
jsonb_to_record('{"a":[1,2],"b":{"c":1}}') as t(a text; b text)
json_to_record('{"a":[1,  2],"b":{"c" : 1}}') as t(a text; b text)
json_to_record('{"a":[1,  2],"b":{"c" : 1}}') as t(a json; b jsonb)
jsonb_to_record('{"a":[1,2],"b":"x"}') as t(a jsonb; b jsonb)
jsonb_to_record('{"a":"x\ny"}') as t(a text)
json_to_record('{"a":"x\ny"}') as t(a text)
json_to_record('{"a":"x\ny"}') as t(a json)
jsonb_to_record('{"a":1.50}') as t(a numeric)
jsonb_to_record('{"a":1.555}') as t(a numeric(3,1))
jsonb_to_record('{"a":1234}') as t(a numeric(3,1))
json_to_record('{"a":1e3,"b":1e400}') as t(a text; b text)
json_to_record('{"a":1e3}') as t(a numeric)
json_to_record('{"a":1e3}') as t(a int)
json_to_record('{"a":1e3}') as t(a float8)
jsonb_to_record('{"a":"2024-01-01"}') as t(a date)
jsonb_to_record('{"a":"2024-01-01T10:00:00+02:00"}') as t(a timestamptz)
jsonb_to_record('{"a":"1 day"}') as t(a interval)
jsonb_to_record('{"a":[1,2,null]}') as t(a int[])
jsonb_to_record('{"a":[]}') as t(a int[])
jsonb_to_record('{"a":null}') as t(a int[])
jsonb_to_record('{"a":"{1,2}"}') as t(a int[])
jsonb_to_record('{"a":"x"}') as t(a int[])
jsonb_to_record('{"a":1}') as t(a int[])
jsonb_to_record('{"a":{"b":1}}') as t(a int[])
jsonb_to_record('{"a":[[1,2],[3,4]]}') as t(a int[])
jsonb_to_record('{"a":[[1,2],[3]]}') as t(a int[])
jsonb_to_record('{"a":[[1,2],3]}') as t(a int[])
jsonb_to_record('{"a":[1,[2]]}') as t(a int[])
jsonb_to_record('{"a":[[],[]]}') as t(a int[])
jsonb_to_record('{"a":[[1],[]]}') as t(a int[])
jsonb_to_record('{"a":["x",1,null,{"b":2}]}') as t(a text[])
jsonb_to_record('{"a":[1,"x",null,[2],{"b":2}]}') as t(a jsonb[])
jsonb_to_record('{"a":[[1],[2]]}') as t(a jsonb[])
jsonb_to_record('{"a":[1,"x"]}') as t(a json[])
jsonb_to_record('{"a":["1","x"]}') as t(a int[])
json_to_record('{"a":[1, [2]]}') as t(a int[])
json_to_record('{"a":[[1], [2]]}') as t(a int[])
json_to_record('{"a":1,"a":2}') as t(a int)
json_to_record('{"a":"\u0000"}') as t(a text)
json_to_record('{"b":"\u0000"}') as t(a text)
jsonb_to_recordset('[{"a":1,"b":"x"},{"b":"y"},{}]') as t(a int; b text)
json_to_recordset('[{"a":1,"b":"x"},{"b":"y"},{}]') as t(a int; b text)
jsonb_to_recordset('[]') as t(a int)
jsonb_to_recordset('{"a":1}') as t(a int)
jsonb_to_recordset('1') as t(a int)
jsonb_to_recordset('[1]') as t(a int)
jsonb_to_recordset('[null]') as t(a int)
jsonb_to_recordset('[[{"a":1}]]') as t(a int)
json_to_recordset('{"a":1}') as t(a int)
json_to_recordset('1') as t(a int)
json_to_recordset('[1]') as t(a int)
json_to_recordset('[{"a":1},2]') as t(a int)
jsonb_to_recordset(null) as t(a int)
json_array_elements('[1, "a" , {"b":  1}, null, [2,3]]')
json_array_elements('[]')
json_array_elements('{"a":1}')
json_array_elements('1')
json_array_elements('["\u0000"]')
json_array_elements(null)
jsonb_array_elements('[1.00, "a\n", {"b":  1}, null, [2,3]]')
jsonb_array_elements('{}')
jsonb_array_elements('"a"')
json_array_elements_text('[1, "a\n" , {"b":  1}, null, [2,3]]')
json_array_elements_text('["\u0000"]')
json_array_elements_text('{"a":1}')
jsonb_array_elements_text('[1.00, "a\n", {"b":  1}, null, true]')
jsonb_array_elements_text('1')
json_each('{"b":1,"a":{"c" : 2},"b":3}')
json_each('{}')
json_each('[1]')
json_each('1')
json_each('{"a\n":"b\n"}')
json_each('{"\u0000":1}')
json_each_text('{"b":1,"a":{"c" : 2},"n":null,"s":"x\ty"}')
json_each_text('[]')
jsonb_each('{"b":1,"aa":{"c" : 2},"b":3}')
jsonb_each('[1]')
jsonb_each('null')
jsonb_each_text('{"b":1,"aa":{"c" : 2},"n":null,"s":"x\ty"}')
jsonb_each_text('1')
json_object_keys('{"b":1,"a":2,"b":3}')
json_object_keys('[1]')
json_object_keys('1')
json_object_keys('{}')
jsonb_object_keys('{"b":1,"aa":2,"a":3}')
jsonb_object_keys('[1]')
jsonb_object_keys('"a"')
unnest(array[1,null,3])
unnest('{}'::int[])
unnest(array[array[1,2],array[3,4]])
unnest(null::int[])
unnest('[5:6]={1,2}'::int[])
unnest(array['1.0'::jsonb, '[]'])
generate_series(1, 3)
generate_series(3, 1)
generate_series(3, 1, -1)
generate_series(1, 3, 0)
generate_series(1, 10, 4)
generate_series(2147483646, 2147483647)
generate_series(9223372036854775806, 9223372036854775807)
generate_series(1, null)
generate_series(1.0, 2.5, 0.5)
generate_series(1.0, 3)
generate_series(1.0, 3, -1)
generate_series(1.0, 3, 0)
generate_series('NaN'::numeric, 3)
generate_series(1, 'Infinity'::numeric, 1)
generate_series(3.5, 1, -1.25)
generate_series(timestamp '2024-01-31', '2024-04-01', '1 month')
generate_series(timestamp '2024-01-03', '2024-01-01', '-1 day')
generate_series(timestamp '2024-01-03', '2024-01-01', '0 day')
generate_series(timestamptz '2024-01-01', '2024-01-02', '12 hours')
generate_series(date '2024-01-01', date '2024-01-03', interval '1 day')
generate_subscripts(array[5,6,7], 1)
generate_subscripts('[0:1][3:5]={{1,2,3},{4,5,6}}'::int[], 2)
generate_subscripts('[0:1][3:5]={{1,2,3},{4,5,6}}'::int[], 2, true)
generate_subscripts(array[5], 2)
generate_subscripts('{}'::int[], 1)
regexp_split_to_table('a b  c', '\s+')
regexp_split_to_table('abc', '')
regexp_split_to_table('aXbxc', 'x', 'i')
regexp_split_to_table('abc', 'x', 'g')
regexp_split_to_table('', 'x')
regexp_split_to_table(null, 'x')
regexp_matches('foobarbaz', 'b.')
regexp_matches('foobarbaz', '(b)(.)', 'g')
regexp_matches('foo', 'x')
regexp_matches('foo', '(x)?o', 'g')
string_to_table('a,b,,c', ',')
string_to_table('a,b,,c', ',', '')
string_to_table('abc', null)
string_to_table('', ',')
string_to_table(null, ',')
"##;

"""Makes fixtures.json: messages as the serialisers of others write them, and the values that they stand for.

    python3 -m venv v && v/bin/pip install 'confluent-kafka[avro,protobuf,json]==2.16.1' fastavro==1.13.1 grpcio-tools==1.85.1
    v/bin/python fixtures.py > fixtures.json

Framed messages come from Confluent's serialisers (confluent-kafka, with its registry in memory), single values from fastavro and from
Google's protobuf. Values are written here by hand, as Postgres prints them; none of them is ours. "write" are rows that Tailwater writes:
the bytes are fastavro's and Google's for the schema that docs/reference/kafka-formats.md describes.
"""
import base64, datetime, decimal, importlib, io, json, os, sys, tempfile, uuid

import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient, Schema
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import SerializationContext, MessageField
from grpc_tools import protoc

registry = SchemaRegistryClient.new_client({"url": "mock://fixtures"})
read, write = [], []


def case(name, kind, schema, columns, message, framed=False, message_type=None, envelope=False):
    """`columns` are (name, type, value as Postgres prints it or None)."""
    read.append({"name": name, "kind": kind, "schema": schema, "columns": columns, "message": message.hex(),
                 "framed": framed, "message_type": message_type, "envelope": envelope})


def datum(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(schema)), value)
    return out.getvalue()


utc = datetime.timezone.utc
record = lambda *fields, **more: json.dumps({"type": "record", "name": "R", **more, "fields": [{"name": n, "type": t} for n, t in fields]})

# ---- Avro: every type ----
a_uuid = uuid.UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")
schema = record(
    ("b", "boolean"), ("i", "int"), ("l", "long"), ("f", "float"), ("d", "double"), ("raw", "bytes"), ("s", "string"),
    ("fx", {"type": "fixed", "name": "F4", "size": 4}),
    ("e", {"type": "enum", "name": "E", "symbols": ["RED", "GREEN"]}),
    ("dec", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3}),
    ("decf", {"type": "fixed", "name": "F8", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 2}),
    ("u", {"type": "string", "logicalType": "uuid"}),
    ("day", {"type": "int", "logicalType": "date"}),
    ("tm", {"type": "int", "logicalType": "time-millis"}), ("tu", {"type": "long", "logicalType": "time-micros"}),
    ("tsm", {"type": "long", "logicalType": "timestamp-millis"}), ("tsu", {"type": "long", "logicalType": "timestamp-micros"}),
    ("lm", {"type": "long", "logicalType": "local-timestamp-millis"}), ("lu", {"type": "long", "logicalType": "local-timestamp-micros"}),
    ("n", ["null", "long"]), ("n2", ["null", "long"]), ("many", ["null", "string", "long"]),
    ("list", {"type": "array", "items": "int"}), ("listn", {"type": "array", "items": ["null", "string"]}),
    ("map", {"type": "map", "values": "long"}),
    ("sub", {"type": "record", "name": "Sub", "namespace": "deep", "fields": [
        {"name": "x", "type": ["null", "double"]}, {"name": "again", "type": ["null", "Sub"]}]}),
    ("subs", {"type": "array", "items": "deep.Sub"}),
    ("doc", "string"), namespace="shop.v1")
value = {
    "b": True, "i": -2147483648, "l": 9223372036854775807, "f": 0.5, "d": 1e300, "raw": b"\x00\xff", "s": "grün\n'\"", "fx": b"abcd",
    "e": "GREEN", "dec": decimal.Decimal("-123456789.125"), "decf": decimal.Decimal("-0.07"), "u": a_uuid,
    "day": datetime.date(1969, 12, 31), "tm": datetime.time(23, 59, 59, 999000), "tu": datetime.time(0, 0, 0, 1),
    "tsm": datetime.datetime(2024, 2, 29, 12, 0, 0, 500000, utc), "tsu": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, utc),
    "lm": datetime.datetime(2024, 2, 29, 12, 0, 0, 500000), "lu": datetime.datetime(1960, 1, 1, 0, 0, 0, 1),
    "n": None, "n2": 7, "many": 5, "list": [1, -1, 0], "listn": ["a", None], "map": {"bb": 1, "a": 2},
    "sub": {"x": 1.5, "again": {"x": None, "again": None}}, "subs": [{"x": 2.0, "again": None}], "doc": "{\"b\": 1, \"a\": [1.50]}",
}
columns = [
    ("b", "boolean", "t"), ("i", "integer", "-2147483648"), ("l", "bigint", "9223372036854775807"), ("f", "real", "0.5"),
    ("d", "double precision", "1e+300"), ("raw", "bytea", "\\x00ff"), ("s", "text", "grün\n'\""), ("fx", "bytea", "\\x61626364"),
    ("e", "text", "GREEN"), ("dec", "numeric", "-123456789.125"), ("decf", "numeric(18,2)", "-0.07"), ("u", "uuid", str(a_uuid)),
    ("day", "date", "1969-12-31"), ("tm", "time", "23:59:59.999"), ("tu", "time", "00:00:00.000001"),
    ("tsm", "timestamptz", "2024-02-29 12:00:00.5+00"), ("tsu", "timestamptz", "1969-12-31 23:59:59.999999+00"),
    ("lm", "timestamp", "2024-02-29 12:00:00.5"), ("lu", "timestamp", "1960-01-01 00:00:00.000001"),
    ("n", "bigint", None), ("n2", "bigint", "7"), ("many", "bigint", "5"), ("list", "integer[]", "{1,-1,0}"),
    ("listn", "text[]", "{a,NULL}"), ("map", "jsonb", "{\"a\": 2, \"bb\": 1}"),
    ("sub", "jsonb", "{\"x\": 1.5, \"again\": {\"x\": null, \"again\": null}}"), ("subs", "jsonb", "[{\"x\": 2, \"again\": null}]"),
    ("doc", "jsonb", "{\"a\": [1.50], \"b\": 1}"), ("nowhere", "text", None),
]
case("every Avro type (fastavro)", "avro", schema, columns, datum(schema, value))
case("Avro types in columns that hold more", "avro", schema, [
    ("i", "bigint", "-2147483648"), ("l", "numeric", "9223372036854775807"), ("f", "double precision", "0.5"), ("u", "text", str(a_uuid)),
    ("n2", "smallint", "7"), ("tsm", "jsonb", "\"2024-02-29T12:00:00.5Z\""), ("raw", "jsonb", "\"\\\\x00ff\""),
    ("dec", "jsonb", "-123456789.125"), ("list", "jsonb", "[1, -1, 0]")], datum(schema, value))

# Confluent's serialiser, with a schema and one that it refers to.
schema = record(("id", "long"), ("name", ["null", "string"]))
context = SerializationContext("orders", MessageField.VALUE)
message = AvroSerializer(registry, schema)({"id": 7, "name": "seven"}, context)
case("Confluent's AvroSerializer", "avro", schema, [("id", "bigint", "7"), ("name", "text", "seven")], message, framed=True)
for kind, value, text, type_name in [("long", 7, "7", "bigint"), ("string", "k", "k", "text")]:
    key = AvroSerializer(registry, json.dumps(kind))(value, SerializationContext("bare-" + kind, MessageField.KEY))
    case("a bare key: " + kind, "avro", json.dumps(kind), [("id", type_name, text)], key, framed=True)

# Debezium's envelope, with the names that its converter writes.
row = {"type": "record", "name": "Value", "fields": [
    {"name": "id", "type": "long"}, {"name": "at", "type": ["null", {"type": "long", "connect.version": 1, "connect.name": "io.debezium.time.MicroTimestamp"}], "default": None},
    {"name": "day", "type": {"type": "int", "connect.name": "io.debezium.time.Date"}},
    {"name": "zoned", "type": {"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"}},
    {"name": "doc", "type": {"type": "string", "connect.name": "io.debezium.data.Json"}},
    {"name": "amount", "type": {"type": "record", "name": "VariableScaleDecimal", "namespace": "io.debezium.data", "connect.name": "io.debezium.data.VariableScaleDecimal",
                                "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}]}}]}
schema = json.dumps({"type": "record", "name": "Envelope", "namespace": "srv.public.orders", "connect.name": "srv.public.orders.Envelope", "fields": [
    {"name": "before", "type": ["null", row], "default": None}, {"name": "after", "type": ["null", "Value"], "default": None},
    {"name": "op", "type": "string"}, {"name": "ts_ms", "type": ["null", "long"], "default": None}]})
value = {"id": 1, "at": 1709208000500000, "day": 19782, "zoned": "2024-02-29T12:00:00.5Z", "doc": "{\"a\":1}", "amount": {"scale": 2, "value": (12345).to_bytes(2, "big")}}
columns = [("id", "bigint", "1"), ("at", "timestamp", "2024-02-29 12:00:00.5"), ("day", "date", "2024-02-29"),
           ("zoned", "timestamptz", "2024-02-29 12:00:00.5+00"), ("doc", "jsonb", "{\"a\": 1}"), ("amount", "numeric", "123.45")]
case("Debezium's envelope in Avro", "avro", schema, columns, datum(schema, {"before": None, "after": value, "op": "c", "ts_ms": 5}), envelope=True)


# ---- Protobuf ----
work = tempfile.mkdtemp()
sys.path.insert(0, work)


def compiled(name, text):
    with open(os.path.join(work, name + ".proto"), "w") as file:
        file.write(text)
    include = os.path.join(os.path.dirname(importlib.import_module("grpc_tools").__file__), "_proto")
    assert protoc.main(["protoc", f"-I{work}", f"-I{include}", f"--python_out={work}", name + ".proto"]) == 0, name
    return importlib.import_module(name + "_pb2")


everything = """// A comment; "quotes" in it.
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
option java_package = "com.example"; /* and another */

enum Colour { NONE = 0; RED = 1; reserved 7; NEGATIVE = -1; }

message Everything {
  reserved 100 to 110, 120;
  reserved "old";
  double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4 [deprecated = true]; uint32 u32 = 5; uint64 u64 = 6;
  sint32 s32 = 7; sint64 s64 = 8; fixed32 f32 = 9; fixed64 f64 = 10; sfixed32 sf32 = 11; sfixed64 sf64 = 12;
  bool b = 13; string s = 14; bytes raw = 15; Colour colour = 16;
  repeated int32 packed = 17; repeated int32 unpacked = 18 [packed = false]; repeated string words = 19;
  map<string, int64> counts = 20;
  optional int32 maybe = 21; optional int32 maybe_not = 22; int32 zero = 23;
  oneof choice { string text = 24; int64 number = 25; }
  google.protobuf.Timestamp at = 26; google.protobuf.Duration took = 27; google.protobuf.StringValue wrapped = 28; google.protobuf.Int64Value unwrapped = 29;
  google.protobuf.Struct doc = 30;
  Inner inner = 31; repeated Inner inners = 32;
  message Inner { int32 x = 1; Colour colour = 2; .shop.v1.Everything.Inner again = 3; message Deepest { string word = 1; } }
}
message Second { string only = 1; }
"""
pb = compiled("everything", everything)
message = pb.Everything(d=1e300, f=0.5, i32=-1, i64=-9223372036854775808, u32=4294967295, u64=18446744073709551615, s32=-5, s64=-6, f32=7, f64=8, sf32=-9,
                        sf64=-10, b=True, s="grün", raw=b"\x00\xff", colour=pb.RED, packed=[1, -1, 300], unpacked=[4, 5], words=["a", ""],
                        counts={"bb": 1, "a": 2}, maybe=0, number=11)
message.at.FromDatetime(datetime.datetime(1969, 12, 31, 23, 59, 59, 999999))
message.took.seconds = -3
message.took.nanos = -500000000
message.wrapped.value = "w"
message.doc.update({"a": 1.5, "b": [True, None, "x"], "c": {"d": {}}})
message.inner.x = 3
message.inner.again.colour = pb.NEGATIVE
message.inners.add(x=1)
columns = [
    ("d", "double precision", "1e+300"), ("f", "real", "0.5"), ("i32", "integer", "-1"), ("i64", "bigint", "-9223372036854775808"), ("u32", "bigint", "4294967295"),
    ("u64", "numeric", "18446744073709551615"), ("s32", "integer", "-5"), ("s64", "bigint", "-6"), ("f32", "bigint", "7"), ("f64", "bigint", "8"),
    ("sf32", "integer", "-9"), ("sf64", "bigint", "-10"), ("b", "boolean", "t"), ("s", "text", "grün"), ("raw", "bytea", "\\x00ff"), ("colour", "text", "RED"),
    ("packed", "integer[]", "{1,-1,300}"), ("unpacked", "integer[]", "{4,5}"), ("words", "text[]", "{a,\"\"}"), ("counts", "jsonb", "{\"a\": 2, \"bb\": 1}"),
    ("maybe", "integer", "0"), ("maybe_not", "integer", None), ("zero", "integer", "0"), ("text", "text", None), ("number", "bigint", "11"),
    ("at", "timestamptz", "1969-12-31 23:59:59.999999+00"), ("took", "interval", "-00:00:03.5"), ("wrapped", "text", "w"), ("unwrapped", "bigint", None),
    ("doc", "jsonb", "{\"a\": 1.5, \"b\": [true, null, \"x\"], \"c\": {\"d\": {}}}"),
    ("inner", "jsonb", "{\"x\": 3, \"again\": {\"x\": 0, \"again\": null, \"colour\": \"NEGATIVE\"}, \"colour\": \"NONE\"}"),
    ("inners", "jsonb", "[{\"x\": 1, \"again\": null, \"colour\": \"NONE\"}]"), ("nowhere", "text", None)]
case("every Protobuf type (Google's protobuf)", "protobuf", everything, columns, message.SerializeToString(), message_type="shop.v1.Everything")
case("its schema as a descriptor", "protobuf", base64.b64encode(pb.DESCRIPTOR.serialized_pb).decode(), columns, message.SerializeToString(), message_type="shop.v1.Everything")
zeros = [(name, type_name, "{}" if type_name.endswith("[]") else {"integer": "0", "text": ""}[type_name]) for name, type_name in
         [("i32", "integer"), ("s", "text"), ("packed", "integer[]")]] + [("at", "timestamptz", None), ("number", "bigint", None), ("colour", "text", "NONE")]
case("an empty message", "protobuf", everything, zeros, b"", message_type="shop.v1.Everything")

nested = "syntax = \"proto3\";\npackage shop.v2;\nmessage Outer { message Inner { message Deepest { string word = 1; } } }\n"
nested_pb = compiled("nested", nested)
strict = {"use.deprecated.format": False, "auto.register.schemas": True}
for name, text, made, columns in [
    ("the first message type", everything, pb.Everything(s="x"), [("s", "text", "x")]),
    ("the second message type", everything, pb.Second(only="x"), [("only", "text", "x")]),
    # Google's descriptors have a message type for every map, which counts; so this is a file without maps.
    ("a message type in a message type in a message type", nested, nested_pb.Outer.Inner.Deepest(word="x"), [("word", "text", "x")]),
]:
    serialised = ProtobufSerializer(type(made), registry, strict)(made, SerializationContext("pb-" + name.replace(" ", "-"), MessageField.VALUE))
    case("Confluent's ProtobufSerializer: " + name, "protobuf", text, columns, serialised, framed=True)

proto2 = """syntax = "proto2";
message Old {
  required int32 id = 1;
  optional string word = 2 [default = "a \\" ] } ; word"];
  repeated sint64 packed = 3 [packed = true];
  extensions 100 to max;
  optional group = 4;
}
extend Old { optional string more = 100; }
service S { rpc Get (Old) returns (Old) { option deprecated = true; } }
""".replace("  optional group = 4;\n", "")
old = compiled("old", proto2)
message = old.Old(id=0, packed=[-1, 2])
message.Extensions[old.more] = "passed over"
case("proto2 with an extension", "protobuf", proto2, [("id", "integer", "0"), ("word", "text", None), ("packed", "bigint[]", "{-1,2}")], message.SerializeToString())

# ---- JSON Schema ----
schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}})
message = JSONSerializer(schema, registry)({"id": 7, "name": "seven"}, SerializationContext("json", MessageField.VALUE))
case("Confluent's JSONSerializer", "json_schema", schema, [("id", "bigint", "7"), ("name", "text", "seven")], message, framed=True)

# ---- what is written ----
nullable = lambda kind: ["null", kind]
columns = [("id", "bigint", False), ("Größe", "integer", True), ("2nd", "text", True), ("ok", "boolean", True), ("r", "real", True), ("d", "double precision", True),
           ("raw", "bytea", True), ("n", "numeric", True), ("price", "numeric(12,2)", True), ("day", "date", True), ("t", "time", True), ("at", "timestamp", True),
           ("atz", "timestamptz", True), ("span", "interval", True), ("u", "uuid", True), ("doc", "jsonb", True), ("list", "bigint[]", True), ("o", "smallint", False)]
rows = [
    ["1", "-7", "grün", "t", "0.5", "1e+300", "\\x00ff", "12.50", "-1234567890.12", "1969-12-31", "23:59:59.999999", "2024-02-29 12:00:00.5",
     "1969-12-31 23:59:59.999999+00", "1 day 02:00:00", str(a_uuid), "{\"a\": 1}", "{1,-1}", "3"],
    ["9223372036854775807"] + [None] * 16 + ["-32768"],
    ["0", "0", "", "f", "-0", "0", "\\x", "NaN", "0.00", "1970-01-01", "00:00:00", "1970-01-01 00:00:00", "1970-01-01 00:00:00+00", "00:00:00", str(a_uuid), "[]", "{}", "0"],
]
local, zoned = {"type": "long", "logicalType": "local-timestamp-micros"}, {"type": "long", "logicalType": "timestamp-micros"}
price = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
fields = [("id", "long"), ("Gr__e", nullable("int")), ("_2nd", nullable("string")), ("ok", nullable("boolean")), ("r", nullable("float")), ("d", nullable("double")),
          ("raw", nullable("bytes")), ("n", nullable("string")), ("price", nullable(price)), ("day", nullable({"type": "int", "logicalType": "date"})),
          ("t", nullable({"type": "long", "logicalType": "time-micros"})), ("at", nullable(local)), ("atz", nullable(zoned)), ("span", nullable("string")),
          ("u", nullable({"type": "string", "logicalType": "uuid"})), ("doc", nullable("string")), ("list", nullable({"type": "array", "items": ["null", "long"]})), ("o", "int")]
avro = {"type": "record", "name": "order_card", "namespace": "shop", "fields": []}
for (name, kind), (column, _, _) in zip(fields, columns):
    field = {"name": name, "type": kind}
    if isinstance(kind, list):
        field["default"] = None
    if name != column:
        field["doc"] = "column " + column
    avro["fields"].append(field)
python = [
    [1, -7, "grün", True, 0.5, 1e300, b"\x00\xff", "12.50", decimal.Decimal("-1234567890.12"), datetime.date(1969, 12, 31), datetime.time(23, 59, 59, 999999),
     datetime.datetime(2024, 2, 29, 12, 0, 0, 500000), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, utc), "1 day 02:00:00", a_uuid, "{\"a\": 1}", [1, -1], 3],
    [9223372036854775807] + [None] * 16 + [-32768],
    [0, 0, "", False, -0.0, 0.0, b"", "NaN", decimal.Decimal("0.00"), datetime.date(1970, 1, 1), datetime.time(0, 0, 0), datetime.datetime(1970, 1, 1),
     datetime.datetime(1970, 1, 1, tzinfo=utc), "00:00:00", a_uuid, "[]", [], 0],
]
write.append({"kind": "avro", "name": "shop.order_card", "columns": columns, "schema": avro, "rows": rows,
              "messages": [datum(json.dumps(avro), dict(zip([name for name, _ in fields], row))).hex() for row in python]})

proto = """syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";

message order_card {
  int64 id = 1;
  optional int32 Gr__e = 2;
  optional string _2nd = 3;
  optional bool ok = 4;
  optional float r = 5;
  optional double d = 6;
  optional bytes raw = 7;
  optional string n = 8;
  optional string price = 9;
  optional string day = 10;
  optional string t = 11;
  optional string at = 12;
  google.protobuf.Timestamp atz = 13;
  optional string span = 14;
  optional string u = 15;
  optional string doc = 16;
  repeated int64 list = 17;
  int32 o = 18;
}
"""
card = compiled("card", proto)


def made(texts, row):
    message = card.order_card()
    for field, text, value in zip(card.order_card.DESCRIPTOR.fields, texts, row):
        if value is None:
            continue
        if field.name == "atz":
            message.atz.FromDatetime(value.replace(tzinfo=None))
            message.atz.SetInParent()
        elif field.name == "list":
            message.list.extend(value)
        else:
            setattr(message, field.name, text if field.type == field.TYPE_STRING else value)
    return message.SerializeToString()


write.append({"kind": "protobuf", "name": "shop.order_card", "columns": columns, "schema": proto, "rows": rows,
              "messages": [made(texts, row).hex() for texts, row in zip(rows, python)]})

json.dump({"read": read, "write": write}, sys.stdout, indent=1, ensure_ascii=False)
print()

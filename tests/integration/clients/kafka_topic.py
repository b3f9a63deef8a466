"""Reads a topic with Confluent's deserialisers and prints its rows as JSON, one a line: what a key said last, in the order of ids."""
import datetime, decimal, importlib, json, os, sys, tempfile, uuid

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, address, topic, kind = (os.environ[name] for name in ("BROKERS", "REGISTRY", "TOPIC", "FORMAT"))
registry = SchemaRegistryClient({"url": address})


def message_type(schema, part):
    """The class that Google's compiler makes of the registered text."""
    from grpc_tools import protoc
    import grpc_tools

    folder = tempfile.mkdtemp()
    with open(f"{folder}/{part}_of_topic.proto", "w") as file:
        file.write(schema)
    known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    assert protoc.main(["protoc", f"-I{folder}", f"-I{known}", f"--python_out={folder}", f"{part}_of_topic.proto"]) == 0
    sys.path.insert(0, folder)
    module = importlib.import_module(f"{part}_of_topic_pb2")
    [name] = module.DESCRIPTOR.message_types_by_name
    return getattr(module, name)


def deserialiser(part):
    latest = registry.get_latest_version(f"{topic}-{part}")
    print(f"{part} version {latest.version}", file=sys.stderr)
    schema = latest.schema.schema_str
    if kind == "avro":
        return AvroDeserializer(registry)
    if kind == "json_schema":
        return JSONDeserializer(None, schema_registry_client=registry)
    # Without the registry: Python's client asks for descriptors, which Apicurio answers as text.
    return ProtobufDeserializer(message_type(schema, part), {"use.deprecated.format": False}, None)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value) if isinstance(value, (decimal.Decimal, datetime.date, uuid.UUID)) else value


def row(message):
    if kind != "protobuf":
        return {name: plain(value) for name, value in message.items()}
    found = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.has_presence and not message.HasField(field.name):
            value = None
        elif field.message_type is not None:
            value = value.ToDatetime(tzinfo=datetime.timezone.utc)
        found[field.name] = plain(value)
    return found


if subject := os.environ.get("GUARD"):
    registry.set_compatibility(subject_name=subject, level="BACKWARD")
    sys.exit()

keys, values = deserialiser("key"), deserialiser("value")
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reader", "isolation.level": "read_committed",
                     "enable.partition.eof": True, "enable.auto.commit": False})
left = set(consumer.list_topics(topic, 60).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
rows = {}
while left:
    message = consumer.poll(60)
    assert message is not None, "the broker does not answer"
    if message.error():
        assert message.error().name() == "_PARTITION_EOF", message.error()
        left.discard(message.partition())
        continue
    key = row(keys(message.key(), SerializationContext(topic, MessageField.KEY)))["id"]
    if message.value() is None:
        rows.pop(key)
    else:
        rows[key] = row(values(message.value(), SerializationContext(topic, MessageField.VALUE)))
        assert rows[key]["id"] == key
for key in sorted(rows):
    print(json.dumps(rows[key]))

# What a Python program does with the `redis` package; any surprise is an exception.
import os
import redis

port = int(os.environ["PORT"])

for protocol in (2, 3):
    r = redis.Redis(host="127.0.0.1", port=port, password="secret", protocol=protocol, decode_responses=True)
    assert r.ping()
    assert r.get("item:7") == '{"id":7,"name":"item 7","price":"10.50","tags":["a","b"]}', r.get("item:7")
    assert r.get("item:99999") is None
    assert [row is None for row in r.mget("item:1", "item:99999", "item:2")] == [False, True, False]
    assert r.hgetall("item:7") == {"id": "7", "name": "item 7", "price": "10.50", "tags": "{a,b}"}, r.hgetall("item:7")
    assert r.hgetall("item:1000") == {"id": "1000"}
    assert r.hgetall("item:99999") == {}
    assert r.hget("item:1001", "name") == 'Zoë "quoted"'
    assert r.hmget("item:7", "price", "nothing", "name") == ["10.50", None, "item 7"]
    assert r.hget("pair:3:item 3", "price") == "4.50"
    assert r.exists("item:1", "item:2", "item:99999") == 2
    assert r.type("item:1") == "hash" and r.type("item:99999") == "none"
    assert r.ttl("item:1") == -1 and r.ttl("item:99999") == -2
    assert sorted(r.scan_iter(match="item:*", count=17)) == sorted([f"item:{i}" for i in range(1, 251)] + ["item:1000", "item:1001"])
    assert len(set(r.scan_iter())) == 252 + 251
    assert r.dbsize() == 252 + 251
    pipeline = r.pipeline(transaction=False)
    for i in range(1, 201):
        pipeline.hget(f"item:{i}", "name")
    assert pipeline.execute() == [f"item {i}" for i in range(1, 201)]
    pipeline = r.pipeline(transaction=True)
    pipeline.get("item:1").exists("item:2")
    assert pipeline.execute()[1] == 1
    for write in (lambda: r.set("item:7", "x"), lambda: r.delete("item:7"), lambda: r.hset("item:7", "name", "x"), lambda: r.flushall()):
        try:
            write()
            raise SystemExit("a write was taken")
        except redis.exceptions.ReadOnlyError:
            pass
    assert r.info()["redis_version"]
    assert r.client_id() > 0
    r.client_setname("test")
    assert r.client_getname() == "test"
    r.close()

for password in (None, "wrong"):
    try:
        redis.Redis(host="127.0.0.1", port=port, password=password).get("item:7")
        raise SystemExit("it answered without the password")
    except redis.exceptions.AuthenticationError:
        pass
print("ok")

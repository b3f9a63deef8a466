// What a Node program does with `ioredis`; any surprise is an exception.
const assert = require("assert");
const Redis = require("ioredis");

(async () => {
  const r = new Redis({ port: Number(process.env.PORT), password: "secret", maxRetriesPerRequest: 1 });
  assert.strictEqual(await r.ping(), "PONG");
  assert.strictEqual(await r.get("item:7"), '{"id":7,"name":"item 7","price":"10.50","tags":["a","b"]}');
  assert.strictEqual(await r.get("item:99999"), null);
  assert.deepStrictEqual((await r.mget("item:1", "item:99999")).map((row) => row === null), [false, true]);
  assert.deepStrictEqual(await r.hgetall("item:7"), { id: "7", name: "item 7", price: "10.50", tags: "{a,b}" });
  assert.deepStrictEqual(await r.hgetall("item:99999"), {});
  assert.deepStrictEqual(await r.hmget("item:7", "price", "nothing"), ["10.50", null]);
  assert.strictEqual(await r.hget("item:1001", "name"), 'Zoë "quoted"');
  assert.strictEqual(await r.exists("item:1", "item:2", "item:99999"), 2);
  assert.strictEqual(await r.type("item:1"), "hash");
  assert.strictEqual(await r.ttl("item:1"), -1);
  assert.strictEqual(await r.ttl("item:99999"), -2);
  const seen = new Set();
  for await (const keys of r.scanStream({ match: "item:*", count: 17 })) keys.forEach((key) => seen.add(key));
  assert.strictEqual(seen.size, 252);
  const pipeline = r.pipeline();
  for (let i = 1; i <= 200; i++) pipeline.hget(`item:${i}`, "name");
  const answers = await pipeline.exec();
  answers.forEach(([error, name], i) => assert.deepStrictEqual([error, name], [null, `item ${i + 1}`]));
  const both = await r.multi().get("item:1").exists("item:2").exec();
  assert.strictEqual(both[1][1], 1);
  await assert.rejects(r.set("item:7", "x"), /READONLY/);
  await assert.rejects(r.del("item:7"), /READONLY/);
  await r.quit();

  const stranger = new Redis({ port: Number(process.env.PORT), password: "wrong", retryStrategy: null, lazyConnect: true });
  stranger.on("error", () => {});
  await assert.rejects(stranger.get("item:7"));
  stranger.disconnect();
  console.log("ok");
})().catch((error) => { console.error(error); process.exit(1); });

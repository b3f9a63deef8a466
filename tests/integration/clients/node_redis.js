// What a Node program does with `redis`; any surprise is an exception.
const assert = require("assert");
const { createClient } = require("redis");

(async () => {
  const url = `redis://:secret@127.0.0.1:${process.env.PORT}`;
  const r = createClient({ url, name: "test" });
  await r.connect();
  assert.strictEqual(await r.ping(), "PONG");
  assert.strictEqual(await r.get("item:7"), '{"id":7,"name":"item 7","price":"10.50","tags":["a","b"]}');
  assert.strictEqual(await r.get("item:99999"), null);
  assert.deepStrictEqual((await r.mGet(["item:1", "item:99999"])).map((row) => row === null), [false, true]);
  assert.deepStrictEqual({ ...(await r.hGetAll("item:7")) }, { id: "7", name: "item 7", price: "10.50", tags: "{a,b}" });
  assert.deepStrictEqual(await r.hmGet("item:7", ["price", "nothing"]), ["10.50", null]);
  assert.strictEqual(await r.exists(["item:1", "item:2", "item:99999"]), 2);
  assert.strictEqual(await r.type("item:1"), "hash");
  assert.strictEqual(await r.ttl("item:1"), -1);
  const seen = new Set();
  for await (const key of r.scanIterator({ MATCH: "item:*", COUNT: 17 })) seen.add(key);
  assert.strictEqual(seen.size, 252);
  // Requests of one turn of the event loop go out as one pipeline.
  const names = await Promise.all(Array.from({ length: 200 }, (_, i) => r.hGet(`item:${i + 1}`, "name")));
  names.forEach((name, i) => assert.strictEqual(name, `item ${i + 1}`));
  const both = await r.multi().get("item:1").exists("item:2").exec();
  assert.strictEqual(both[1], 1);
  await assert.rejects(r.set("item:7", "x"), /READONLY/);
  await r.quit();

  const stranger = createClient({ url: `redis://:wrong@127.0.0.1:${process.env.PORT}`, socket: { reconnectStrategy: false } });
  stranger.on("error", () => {});
  await assert.rejects(stranger.connect());
  console.log("ok");
})().catch((error) => { console.error(error); process.exit(1); });

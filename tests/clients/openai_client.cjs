// The official Node client of OpenAI, unmodified, against a server with the example documents.
//
//   node openai_client.cjs BASE_URL
//
// Ends with 0 when all is as the client expects it.
"use strict";

const assert = require("node:assert/strict");
const OpenAI = require("openai");

const EMBEDDER = "all-minilm-l6-v2";
const QUESTION = "How many days of annual leave do employees have?";
const messages = [{ role: "user", content: QUESTION }];

async function main(baseUrl) {
  const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: "not needed here", maxRetries: 0 });

  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual([ids[0], ids.at(-1)], ["taproot", EMBEDDER]);
  assert.equal((await client.models.retrieve("taproot")).object, "model");

  const done = await client.chat.completions.create({ model: "taproot", messages, temperature: 0 });
  const { message, finish_reason } = done.choices[0];
  assert.equal(finish_reason, "stop");
  assert.match(message.content, /\[1\]/);
  assert.ok(message.context.citations[0].title && message.context.citations[0].content);
  assert.ok(done.usage.total_tokens > done.usage.completion_tokens);

  let text = "", context, usage;
  const stream = await client.chat.completions.create({
    model: "taproot", messages, stream: true, stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    context = chunk.choices[0]?.delta.context ?? context;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, message.content);
  assert.deepEqual(context.citations, message.context.citations);
  assert.deepEqual(usage, done.usage);

  // What the client puts together of a stream by itself.
  const whole = await client.chat.completions.stream({ model: "taproot", messages }).finalChatCompletion();
  assert.equal(whole.choices[0].message.content, message.content);

  // Base64, which the client asks for by itself and takes apart; and as numbers.
  const packed = await client.embeddings.create({ model: EMBEDDER, input: ["annual leave"] });
  const plain = await client.embeddings.create({ model: EMBEDDER, input: "annual leave", encoding_format: "float" });
  assert.equal(packed.data[0].embedding.length, 384);
  packed.data[0].embedding.forEach((value, at) => assert.ok(Math.abs(value - plain.data[0].embedding[at]) < 1e-6));

  await assert.rejects(client.chat.completions.create({ model: "gpt-5", messages }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param, error.type], ["model_not_found", "model", "invalid_request_error"]);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model: "taproot", messages, n: 3 }), OpenAI.BadRequestError);
  console.log("ok");
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

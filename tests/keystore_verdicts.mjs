// Asks the Aztec node's own code what it thinks of keystores. See keystore_cases.py.
//
//   python tests/keystore_cases.py | node tests/keystore_verdicts.mjs FOLDER > tests/core/keystore_verdicts.json
//
// FOLDER is where `npm install @aztec/aztec` was run. Nothing here is needed to run the tests.
import { mkdtempSync, readFileSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, resolve } from 'path';
import { createInterface } from 'readline';
import { fileURLToPath } from 'url';

const modules = resolve(process.argv[2], 'node_modules');
const aztec = path => import(join(modules, '@aztec', path));
const { loadKeystoreFile, mergeKeystores } = await aztec('node-keystore/dest/loader.js');
const { KeystoreManager } = await aztec('node-keystore/dest/keystore_manager.js');
const { NodeKeystoreAdapter } = await aztec('validator-client/dest/key_store/node_keystore_adapter.js');
const version = JSON.parse(readFileSync(join(modules, '@aztec/node-keystore/package.json'))).version;

const files = join(dirname(fileURLToPath(import.meta.url)), 'core', 'keystore_files');
const scratch = join(mkdtempSync(join(tmpdir(), 'keystores-')), 'keystore.json');
const MANY = 10_000;

// Whether the node would derive keys for minutes before it could say anything.
function isEndless(value) {
  if (typeof value !== 'object' || value === null) return false;
  if ('mnemonic' in value && (value.addressCount ?? 1) * (value.accountCount ?? 1) > MANY) return true;
  return Object.values(value).some(isEndless);
}

// What the node does at its start, step by step: aztec-node `server.ts`, validator-client `validateKeyStoreConfiguration`.
function verdict(text) {
  writeFileSync(scratch, text.replaceAll('/keystore-files', files));
  let keystore;
  try {
    keystore = loadKeystoreFile(scratch);
  } catch {
    return 'L'; // the loader refuses it
  }
  if (isEndless(keystore)) return 'E';
  try {
    const manager = new KeystoreManager(mergeKeystores([keystore]));
    const adapter = NodeKeystoreAdapter.fromKeyStoreManager(manager);
    for (const attester of adapter.getAddresses()) {
      adapter.getCoinbaseAddress(attester);
      adapter.getFeeRecipient(attester);
      if (!adapter.getPublisherAddresses(attester).length) throw new Error('no publishers');
    }
    manager.createAllValidatorPublisherSigners();
    manager.createSlasherSigners();
    manager.createProverSigners();
    manager.validateResolvedUniqueAttesterAddresses();
  } catch {
    return 'S'; // it loads, and the node does not start with it
  }
  return 'A';
}

// What the node would do with a folder: where rewards and fees of each attester go, and who pays. Null if it does not start.
function view(keystores) {
  try {
    const loaded = keystores.map(keystore => {
      writeFileSync(scratch, JSON.stringify(keystore).replaceAll('/keystore-files', files));
      return loadKeystoreFile(scratch);
    });
    const manager = new KeystoreManager(mergeKeystores(loaded));
    manager.createSlasherSigners();
    manager.createProverSigners();
    manager.validateResolvedUniqueAttesterAddresses();
    const adapter = NodeKeystoreAdapter.fromKeyStoreManager(manager);
    return adapter.getAddresses().map(attester => ({
      attester: attester.toString(),
      coinbase: adapter.getCoinbaseAddress(attester).toString(),
      feeRecipient: adapter.getFeeRecipient(attester).toString(),
      publishers: adapter.getPublisherAddresses(attester).map(String),
    }));
  } catch {
    return null;
  }
}

const changes = [];
const views = {};
const texts = {};
const verdicts = {};
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [name, place, change, text] = JSON.parse(line);
  count += 1;
  if (name === 'texts') {
    texts[change] = verdict(text);
    continue;
  }
  if (name === 'sets') {
    views[change] = view(JSON.parse(text));
    continue;
  }
  if (!changes.includes(change)) changes.push(change);
  const letters = ((verdicts[name] ??= {})[place] ??= []);
  letters[changes.indexOf(change)] = verdict(text);
}
for (const places of Object.values(verdicts)) {
  for (const [place, letters] of Object.entries(places)) places[place] = Array.from(letters, each => each ?? '-').join('');
}
const about = {
  source: `@aztec/node-keystore ${version} and @aztec/validator-client, run by tests/keystore_verdicts.mjs`,
  letters: { A: 'the node starts', L: 'its loader refuses', S: 'it loads, and does not start', E: 'it derives keys without end', '-': 'does not apply' },
  count,
};
process.stdout.write(JSON.stringify({ about, texts, views, changes, verdicts }, null, 1) + '\n');

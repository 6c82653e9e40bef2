#!/usr/bin/env node
// kubectl runs `kubectl_complete-headgate` to complete `kubectl headgate ...`; it reads the answer of the hidden verb.
process.argv.splice(2, 0, '__complete', '--');
await import('./headgate.mjs');

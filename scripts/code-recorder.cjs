// Preloaded into every thread of the program in its staging folder: what V8 has compiled of it after SECONDS is written beside its source
// as `x.cjs.THREAD.code`; of a program that ends sooner, at its end. Code that has not run for a while is kept until then.
const fs = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');
const { isMainThread, threadName } = require('node:worker_threads');

const { STAGE, SECONDS } = process.env;
const { Script } = vm;

v8.setFlagsFromString('--no-flush-bytecode');

vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    if (!options.filename.startsWith(STAGE)) return;
    let isKept = false;
    const keep = () => {
      if (isKept) return;
      isKept = true;
      // The kept code tells by which flags it was compiled.
      v8.setFlagsFromString('--flush-bytecode');
      const thread = isMainThread ? 'main' : threadName;
      const file = `${options.filename}.${thread}.code`;
      fs.writeFileSync(`${file}.new`, this.createCachedData());
      fs.renameSync(`${file}.new`, file);
      v8.setFlagsFromString('--no-flush-bytecode');
    };
    setTimeout(keep, SECONDS * 1000).unref();
    if (isMainThread) process.on('exit', keep);
  }
};

'use strict';
// Preloaded into the appliance of the soak, main thread and workers: its clock is off by what the file says, ms.
const fs = require('node:fs');
const file = process.env.SOAK_CLOCK_FILE;
const RealDate = Date;
const realNow = Date.now;
let offset = 0;
const read = () => {
  try {
    offset = Number(fs.readFileSync(file, 'utf8')) || 0;
  } catch {
    offset = 0;
  }
};
read();
setInterval(read, 100).unref();
class OffsetDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(realNow() + offset);
    else super(...args);
  }
  static now() {
    return realNow() + offset;
  }
}
globalThis.Date = OffsetDate;

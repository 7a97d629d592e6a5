// Runs before any program and leaves plain ECMAScript, in UTC, without a clock.
(function () {
  'use strict';

  // What could wait, observe the collector, run later or make code out of text. Jobs never run, so
  // what queues them is of no use either.
  for (const name of ['eval', 'Atomics', 'SharedArrayBuffer', 'WeakRef', 'FinalizationRegistry',
    'queueMicrotask', 'performance', 'DOMException', 'Proxy']) {
    delete globalThis[name];
  }
  delete Math.random;

  const refuse = function Function() {
    throw new TypeError('an extractor cannot make code out of text');
  };
  refuse.prototype = Function.prototype;
  const kinds = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const kind of kinds) {
    Object.defineProperty(Object.getPrototypeOf(kind), 'constructor', {
      value: refuse, writable: false, enumerable: false, configurable: false,
    });
  }
  Object.defineProperty(globalThis, 'Function', {
    value: refuse, writable: false, enumerable: false, configurable: false,
  });

  // Dates: given ones only, and always in UTC, whatever the machine's zone is.
  const Native = Date;
  const nativeParse = Native.parse;
  const nativeUTC = Native.UTC;
  const nativeGetTime = Native.prototype.getTime;
  const construct = Reflect.construct;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const isNaN = Number.isNaN;

  const parse = function parse(text) {
    text = `${text}`;
    // A text without a zone is UTC; with one (or a bare date, which is UTC by the standard) the
    // added letter makes it unreadable, and the text itself is what counts.
    const zoned = nativeParse(`${text}Z`);
    return isNaN(zoned) ? nativeParse(text) : zoned;
  };
  const noClock = function () {
    throw new TypeError('an extractor has no clock: give Date a time of the record');
  };
  const milliseconds = function (parts) {
    if (parts.length === 0) noClock();
    if (parts.length > 1) return nativeUTC(...parts);
    let value = parts[0];
    if (typeof value === 'object' && value !== null) {
      if (value instanceof Native) return call(nativeGetTime, value);
      const primitive = value[Symbol.toPrimitive];
      value = primitive === undefined ? value.valueOf() : primitive.call(value, 'default');
      if (typeof value === 'object' && value !== null) value = `${value}`;
    }
    return typeof value === 'string' ? parse(value) : +value;
  };
  const Given = function Date(...parts) {
    if (new.target === undefined) noClock();
    return construct(Native, [milliseconds(parts)], new.target);
  };
  const hidden = (target, name, value) => Object.defineProperty(target, name, {
    value, writable: true, enumerable: false, configurable: true,
  });
  hidden(Given, 'parse', parse);
  hidden(Given, 'UTC', nativeUTC);
  Object.defineProperty(Given, 'length', { value: 7, configurable: true });
  const proto = Native.prototype;
  Object.defineProperty(Given, 'prototype', {
    value: proto, writable: false, enumerable: false, configurable: false,
  });
  hidden(proto, 'constructor', Given);
  for (const unit of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    hidden(proto, `get${unit}`, proto[`getUTC${unit}`]);
    if (unit !== 'Day') hidden(proto, `set${unit}`, proto[`setUTC${unit}`]);
  }
  delete proto.getYear;
  delete proto.setYear;
  hidden(proto, 'getTimezoneOffset', function getTimezoneOffset() { return 0; });
  hidden(proto, 'toString', proto.toUTCString);
  const iso = proto.toISOString;
  for (const name of ['toLocaleString', 'toDateString', 'toTimeString', 'toLocaleDateString',
    'toLocaleTimeString']) {
    const part = name.endsWith('DateString') ? [0, 10] : name.endsWith('TimeString') ? [11, 24] : [0, 24];
    hidden(proto, name, function () { return call(iso, this).slice(part[0], part[1]); });
  }
  hidden(globalThis, 'Date', Given);
})();

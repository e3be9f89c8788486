/**
 * The end of a name that is written with an escape: the last escape, the characters behind it, the closing quote, and
 * the colon. A string that is a value has no colon behind it.
 */
const ESCAPED_NAME = /\\.[^"\\]*"[ \t\n\r]*:/;

const BLANKS = /[ \t\n\r]*/y;
/** A number, `true`, `false` or `null`. */
const SCALAR = /[^ \t\n\r,\]}]+/y;

/**
 * Whether the name of any field in JSON is written with an escape, such as `"caf\u00e9"`. `JSON.parse` may read such a
 * name as another one: V8 compares it as it is written with the name that an object before had in its place. After
 * `{"a":1,"\\":2}` it reads `{"a":1,"\n":3}` as `{"a":1,"\\":3}`. In Node 24 and 26:
 * https://github.com/nodejs/node/issues/63785
 */
export function hasEscapedName(source: string): boolean {
  // Most responses have no backslash at all, and the search for one is cheap.
  return source.includes('\\') && ESCAPED_NAME.test(source);
}

/**
 * Reads what `JSON.parse` takes for valid JSON, with every name as it is written. `readNumber` is given a number's
 * text.
 */
export function readValidJson(source: string, readNumber: (text: string) => unknown): unknown {
  return new Reader(source, readNumber).value();
}

class Reader {
  readonly #source: string;
  readonly #readNumber: (text: string) => unknown;
  #at = 0;

  constructor(source: string, readNumber: (text: string) => unknown) {
    this.#source = source;
    this.#readNumber = readNumber;
  }

  /** Reads the value that starts here. Throws `RangeError` where values are nested too deep for the stack. */
  value(): unknown {
    switch (this.#next()) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    while (this.#enter('}')) {
      const name = this.#string();
      this.#next();
      this.#at += 1;
      const value = this.value();
      // To assign `__proto__` would set the prototype.
      if (name !== '__proto__') object[name] = value;
      else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    while (this.#enter(']')) array.push(this.value());
    return array;
  }

  /** Steps over the opening bracket or a comma, to what is inside; false: over the closing bracket. */
  #enter(close: string): boolean {
    const isOver = this.#next() === close;
    this.#at += 1;
    if (isOver || this.#next() !== close) return !isOver;
    this.#at += 1;
    return false;
  }

  #string(): string {
    let end = this.#at + 1;
    while (this.#source[end] !== '"') end += this.#source[end] === '\\' ? 2 : 1;
    const text = this.#source.slice(this.#at, end + 1);
    this.#at = end + 1;
    return JSON.parse(text);
  }

  #scalar(): unknown {
    SCALAR.lastIndex = this.#at;
    const [text = ''] = SCALAR.exec(this.#source) ?? [];
    this.#at += text.length;
    return /^[-\d]/.test(text) ? this.#readNumber(text) : JSON.parse(text);
  }

  /** Steps over white space; the character behind it. */
  #next(): string | undefined {
    BLANKS.lastIndex = this.#at;
    BLANKS.test(this.#source);
    this.#at = BLANKS.lastIndex;
    return this.#source[this.#at];
  }
}

import { columnTree } from '../native-columns.ts';

/** A field of an event, or of an object in it, that has columns. */
export interface Field {
  /** Name as JSON, with quotes. */
  readonly name: Buffer;
  /** Column of the whole field; -1 where there is none. */
  readonly column: number;
  /** Fields in this one that have columns; null where none has. */
  readonly fields: readonly Field[] | null;
  /** Number of the last event that has this field. */
  event: number;
  /** The field that followed the last time. */
  next: Field | null;
}

/** Returns the fields that native columns hold. */
export function fieldsOf(columns: readonly string[]): readonly Field[] {
  const fields = [...columnTree(columns)].map(([name, { whole, children }]) => {
    const inner = children === null ? null : inTurn([...children].map(([sub, column]) => fieldOf(sub, column, null)));
    return fieldOf(name, whole ?? -1, inner);
  });
  return inTurn(fields);
}

/** Returns the field whose name stands at a place, written without escapes; null where it is none of these. */
export function fieldAt(bytes: Buffer, at: number, end: number, fields: readonly Field[]): Field | null {
  for (const field of fields) {
    if (isAt(field.name, bytes, at, end)) return field;
  }
  return null;
}

/** Whether a name stands at a place, before `end`. */
export function isAt(name: Buffer, bytes: Buffer, at: number, end: number): boolean {
  const { length } = name;
  if (at + length > end) return false;
  for (let index = 0; index < length; index++) {
    if (bytes[at + index] !== name[index]) return false;
  }
  return true;
}

const fieldOf = (name: string, column: number, fields: readonly Field[] | null): Field => ({
  name: Buffer.from(JSON.stringify(name)),
  column,
  fields,
  event: 0,
  next: null,
});

/** Links fields in the order of their columns, in which they are expected first. */
function inTurn(fields: readonly Field[]): readonly Field[] {
  for (const [index, field] of fields.entries()) field.next = fields[index + 1] ?? null;
  return fields;
}

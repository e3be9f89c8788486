/** What every way of exporting is told, through its environment. */

export interface Asked {
  readonly origin: string;
  readonly token: string;
  /** Half open, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Where the CSV goes. */
  readonly out: string;
}

export function readAsked(): Asked {
  const read = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  };
  const [from, to] = [Number(read('FROM_MS')), Number(read('TO_MS'))];
  return { origin: read('ORIGIN'), token: read('TOKEN'), from, to, out: read('OUT') };
}

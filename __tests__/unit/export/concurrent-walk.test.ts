import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type SegmentSink, walkConcurrently } from '../../../src/export/concurrent-walk.ts';
import type { Page, Retraction, Segment, SplitOff } from '../../../src/vendors/contract.ts';

/** Remembers the names of the pages that it accepted. */
class Noted implements SegmentSink {
  readonly names: string[] = [];

  async accept(page: Page | Retraction): Promise<void> {
    this.names.push('retracted' in page ? 'retracted' : nameOf(page));
  }
}

const pageOf = (name: string): Page => ({ slice: { from: 0, to: 1 }, header: [name], events: [] });
const nameOf = ({ header }: Page): string => header?.[0] ?? '';

/** A segment of pages, each of which comes when its gate opens. */
const gated = (pages: readonly (readonly [name: string, gate: Promise<unknown>])[]): Segment =>
  async function* () {
    for (const [name, gate] of pages) {
      await gate;
      yield pageOf(name);
    }
  };

const stretchOf = (...names: readonly string[]): Segment => gated(names.map((name) => [name, Promise.resolve()]));

const broken: Segment = async function* () {
  yield await Promise.reject<Page>(new Error('broken'));
};

/** The names of each sink, in the order in which they come. */
async function walked(
  segments: AsyncIterable<Segment> | Iterable<Segment>,
  concurrency: number,
  open = () => new Noted(),
): Promise<string[][]> {
  const found: string[][] = [];
  for await (const { names } of walkConcurrently(segments, concurrency, open)) found.push([...names]);
  return found;
}

/** Lets everything happen that has nothing to wait for. */
const settled = () => new Promise((done) => setImmediate(done));

describe('walkConcurrently', () => {
  test.each([1, 2, 3, 16])('sinks come in the order of their segments, %d walked at a time', async (concurrency) => {
    expect(await walked([stretchOf('a', 'b'), stretchOf(), stretchOf('c')], concurrency)).toEqual([
      ['a', 'b'],
      [],
      ['c'],
    ]);
  });

  test('sinks come in the order of their segments where the last segment ends first', async () => {
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const segments = gates.map(({ promise }, index) => gated([[`${index}`, promise]]));
    const walk = walked(segments, 3);
    for (const { resolve } of gates.toReversed()) {
      await settled();
      resolve();
    }
    expect(await walk).toEqual([['0'], ['1'], ['2']]);
  });

  test('a sink comes as soon as all before it have come', async () => {
    const gate = Promise.withResolvers<void>();
    const sinks = walkConcurrently([stretchOf('a'), gated([['b', gate.promise]])], 2, () => new Noted());
    expect((await sinks.next()).value).toMatchObject({ names: ['a'] });
    gate.resolve();
    expect((await sinks.next()).value).toMatchObject({ names: ['b'] });
    expect((await sinks.next()).done).toBe(true);
  });

  test('no segment: no sink comes', async () => {
    expect(await walked([], 4)).toEqual([]);
  });

  test('a retraction reaches the sink of its segment', async () => {
    const provisional = {};
    const segment: Segment = async function* () {
      yield { ...pageOf('a'), provisional };
      yield { retracted: provisional };
    };
    expect(await walked([segment], 1)).toEqual([['a', 'retracted']]);
  });

  test('a page that is not accepted yet keeps the next one from being asked for', async () => {
    const gate = Promise.withResolvers<void>();
    const asked: string[] = [];
    const segment: Segment = async function* () {
      for (const name of ['a', 'b']) {
        asked.push(name);
        yield pageOf(name);
      }
    };
    const walk = walkConcurrently([segment], 1, () => ({ accept: () => gate.promise })).next();
    await settled();
    expect(asked).toEqual(['a']);
    gate.resolve();
    await walk;
    expect(asked).toEqual(['a', 'b']);
  });
});

describe('walkConcurrently, a part that is split off', () => {
  test('the part comes before the rest of its segment, and a part of that part before both', async () => {
    const said: boolean[] = [];
    const giver: Segment = async function* (splitOff) {
      await settled();
      said.push(
        splitOff(async function* (hand) {
          said.push(hand(stretchOf('oldest')));
          yield pageOf('older');
        }),
      );
      yield pageOf('rest');
    };
    expect(await walked([stretchOf('first'), giver], 3)).toEqual([['first'], ['oldest'], ['older'], ['rest']]);
    expect(said).toEqual([true, true]);
  });

  test('a part that is split off later comes after the earlier one', async () => {
    const giver: Segment = async function* (splitOff) {
      await settled();
      for (const name of ['1', '2', '3']) expect(splitOff(stretchOf(name))).toBe(true);
      yield pageOf('4');
    };
    expect(await walked([giver], 4)).toEqual([['1'], ['2'], ['3'], ['4']]);
  });

  const asking = (said: boolean[]): Segment =>
    async function* (splitOff) {
      await settled();
      said.push(splitOff(stretchOf('never')));
      yield pageOf('a');
    };

  test('splitting off is refused where all walks are active', async () => {
    const said: boolean[] = [];
    expect(await walked([asking(said)], 1)).toEqual([['a']]);
    const gate = Promise.withResolvers<void>();
    const both = walked([asking(said), gated([['b', gate.promise]])], 2);
    await settled();
    await settled();
    gate.resolve();
    expect(await both).toEqual([['a'], ['b']]);
    expect(said).toEqual([false, false]);
  });

  test('splitting off is refused while there may be other segments to walk', async () => {
    const gate = Promise.withResolvers<void>();
    const said: boolean[] = [];
    const slow = async function* () {
      yield asking(said);
      await gate.promise;
      yield stretchOf('b');
    };
    const walk = walked(slow(), 2);
    await settled();
    await settled();
    gate.resolve();
    expect(await walk).toEqual([['a'], ['b']]);
    expect(said).toEqual([false]);
  });

  test('splitting off is refused once the export has failed', async () => {
    const gate = Promise.withResolvers<void>();
    const said: boolean[] = [];
    const late: Segment = async function* (splitOff) {
      await gate.promise;
      said.push(splitOff(stretchOf('never')));
      yield pageOf('a');
    };
    await expect(walked([late, broken], 3)).rejects.toThrow('broken');
    gate.resolve();
    await settled();
    expect(said).toEqual([false]);
  });
});

describe('walkConcurrently, a failure', () => {
  test('a walk that fails: its error is thrown at once, and the other walks end after their current page', async () => {
    const gate = Promise.withResolvers<void>();
    const sinks: Noted[] = [];
    const open = () => {
      const sink = new Noted();
      sinks.push(sink);
      return sink;
    };
    let closed = 0;
    let pulled = 0;
    const slow: Segment = async function* () {
      try {
        await gate.promise;
        yield pageOf('a');
        yield pageOf('b');
      } finally {
        closed++;
      }
    };
    const source = function* () {
      for (const segment of [slow, broken, slow, slow, slow]) {
        pulled++;
        yield segment;
      }
    };
    await expect(walked(source(), 2, open)).rejects.toThrow('broken');
    gate.resolve();
    await settled();
    await settled();
    expect(sinks.map(({ names }) => names)).toEqual(sinks.map(() => []));
    expect(closed).toBe(1);
    expect(pulled).toBe(2);
  });

  test.each<[string, () => Iterable<Segment> | AsyncIterable<Segment>]>([
    [
      'of what gives the segments',
      function* () {
        yield stretchOf('a');
        throw new Error('broken');
      },
    ],
    [
      'of what gives them later',
      async function* () {
        yield stretchOf('a');
        await settled();
        throw new Error('broken');
      },
    ],
    [
      'before the first of them',
      async function* () {
        yield await Promise.reject<Segment>(new Error('broken'));
      },
    ],
    [
      'of a part that was handed over',
      function* () {
        yield async function* (splitOff: SplitOff) {
          await settled();
          splitOff(broken);
          yield pageOf('a');
        };
      },
    ],
  ])('%s fails: its error is thrown', async (_, source) => {
    for (const concurrency of [2, 4]) await expect(walked(source(), concurrency)).rejects.toThrow('broken');
  });

  test('a sink that fails: its error is thrown, and the walk is closed', async () => {
    let closed = false;
    const segment: Segment = async function* () {
      try {
        yield pageOf('a');
        yield pageOf('b');
      } finally {
        closed = true;
      }
    };
    const open = () => ({ accept: () => Promise.reject(new Error('The disk is full.')) });
    await expect(walkConcurrently([segment], 1, open).next()).rejects.toThrow('The disk is full.');
    expect(closed).toBe(true);
  });

  test('an error is thrown only after all sinks have accepted their current page, since they are closed next', async () => {
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const open = () => ({
      accept: async () => {
        await gate.promise;
        order.push('taken');
      },
    });
    const late: Segment = async function* (splitOff) {
      await settled();
      yield* broken(splitOff);
    };
    const walk = walkConcurrently([stretchOf('a', 'b'), late], 2, open)
      .next()
      .catch(() => order.push('thrown'));
    for (let turn = 0; turn < 5; turn++) await settled();
    gate.resolve();
    await walk;
    await settled();
    expect(order).toEqual(['taken', 'thrown']);
  });

  test('a second failure is not reported, and is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const hear = (cause: unknown) => void unhandled.push(cause);
    process.on('unhandledRejection', hear);
    const gate = Promise.withResolvers<void>();
    const segments = [gated([['a', Promise.reject(new Error('first'))]]), gated([['b', gate.promise]])];
    await expect(walked(segments, 2)).rejects.toThrow('first');
    gate.reject(new Error('second'));
    await settled();
    await settled();
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
  });

  test('a caller that reads no further ends the walks', async () => {
    const asked: number[] = [];
    const source = function* () {
      for (let index = 0; index < 100; index++) {
        yield async function* () {
          asked.push(index);
          await settled();
          yield pageOf(`${index}`);
        };
      }
    };
    for await (const sink of walkConcurrently(source(), 2, () => new Noted())) {
      expect(sink.names).toEqual(['0']);
      break;
    }
    const soFar = asked.length;
    for (let turn = 0; turn < 5; turn++) await settled();
    expect(asked.length).toBe(soFar);
    expect(soFar).toBeLessThan(6);
  });
});

/** A segment to make: its pages, and the parts that it tries to split off before each. */
interface Plan {
  readonly pages: readonly (readonly Plan[])[];
}

test('walkConcurrently, drawn segments, splits and durations: each page is accepted once, in order, within the concurrency', async () => {
  const { plan } = fc.letrec<{ plan: Plan }>((tie) => ({
    plan: fc.record({
      pages: fc.array(fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('plan'), { maxLength: 2 })), {
        maxLength: 4,
      }),
    }),
  }));
  let handed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      fc.scheduler(),
      async (plans, concurrency, scheduler) => {
        /** The order that is due: a part that was split off stands before what comes after it. */
        const due = new Map<Plan, string[]>();
        let atOnce = 0;
        let most = 0;
        let count = 0;
        const pause = () => scheduler.schedule(Promise.resolve());
        const stretchFor = (one: Plan): Segment =>
          async function* (splitOff) {
            most = Math.max(most, ++atOnce);
            const own: string[] = [];
            due.set(one, own);
            for (const parts of one.pages) {
              await pause();
              for (const part of parts) {
                if (splitOff(stretchFor(part))) {
                  handed++;
                  order.splice(order.indexOf(one), 0, part);
                }
              }
              const name = `page ${count++}`;
              own.push(name);
              yield pageOf(name);
            }
            await pause();
            atOnce--;
          };
        const order: Plan[] = [...plans];
        const source = async function* () {
          for (const one of plans) {
            await pause();
            yield stretchFor(one);
          }
        };
        const open = () => {
          const sink = new Noted();
          const take = sink.accept.bind(sink);
          sink.accept = async (page) => {
            await pause();
            await take(page);
          };
          return sink;
        };
        const result = walked(source(), concurrency, open);
        await scheduler.waitFor(result);
        expect(await result).toEqual(order.map((one) => due.get(one)));
        expect(most).toBeLessThanOrEqual(concurrency);
      },
    ),
    { numRuns: 300 },
  );
  expect(handed).toBeGreaterThan(50);
});

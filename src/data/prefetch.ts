/** Work done ahead, so that whoever takes the items (the engine) never waits for them. */

/**
 * The same items, but `depth` of them are asked for before they are taken. What is asked for runs whenever the taker
 * awaits something else. An error comes when its item's turn comes.
 */
export async function* prefetch<T>(items: AsyncIterable<T>, depth = 2): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const queue: Promise<IteratorResult<T>>[] = [];
  const ask = () => {
    const item = iterator.next();
    item.catch(() => {}); // reported below, when it is taken
    queue.push(item);
  };
  try {
    for (let i = 0; i < Math.max(1, depth); i++) ask();
    for (;;) {
      const { done, value } = await (queue.shift() as Promise<IteratorResult<T>>);
      if (done === true) return;
      ask();
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

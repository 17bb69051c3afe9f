/** What answers a query, of tasks that look for answers among documents. */

/** Every text that answers each query, in the order of the file. */
export function answersOf(
  examples: readonly { readonly query: string; readonly positive: string }[],
): Map<string, Set<string>> {
  const answers = new Map<string, Set<string>>();
  for (const { query, positive } of examples) {
    const own = answers.get(query) ?? new Set();
    answers.set(query, own.add(positive));
  }
  return answers;
}

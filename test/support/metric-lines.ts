/** The lines of a controller's metrics page that begin so. */
export async function metricLines(
  { metricsPort }: { readonly metricsPort: number },
  start: string,
): Promise<readonly string[]> {
  const page = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  return (await page.text()).split('\n').filter((line) => line.startsWith(start));
}

const NAME = /^[!#$%&'*+.^`|~\w-]+$/;
const VALUE = /^[ -~]*$/;

/** Whether a text lists headers as OpenTelemetry reads them: `name=value`, separated by commas, percent-encoded. */
export function isHeaderList(text: string): boolean {
  return text.split(',').every((entry) => entry.trim() === '' || isHeader(entry));
}

function isHeader(entry: string): boolean {
  const equals = entry.indexOf('=');
  try {
    const [name, value] = [entry.slice(0, equals).trim(), entry.slice(equals + 1)];
    return NAME.test(decodeURIComponent(name)) && VALUE.test(decodeURIComponent(value));
  } catch {
    return false;
  }
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i;
const EMAIL = /^[^\s@]+@[^\s@]+$/;
const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/;

/** Whether a string is of the format; formats that an API server does not check hold always. */
export function isOfFormat(text: string, format: string): boolean {
  switch (format) {
    case 'date-time':
    case 'datetime':
      return DATE_TIME.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T')));
    case 'date':
      return DATE.test(text) && !Number.isNaN(Date.parse(text));
    case 'uuid':
      return UUID.test(text);
    case 'byte':
      return BASE64.test(text);
    case 'ipv4':
      return IPV4.test(text);
    case 'ipv6':
      return IPV6.test(text);
    case 'email':
      return EMAIL.test(text);
    case 'duration':
      return GO_DURATION.test(text);
    case 'uri':
      return URL.canParse(text) || text.startsWith('/');
    default:
      return true;
  }
}

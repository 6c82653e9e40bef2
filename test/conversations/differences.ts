/** Something in which the embedded API is known to answer otherwise than a real kube-apiserver, and why it may. */
export interface AcceptedDifference {
  /** For users: what differs. */
  readonly what: string;
  readonly why: string;
  /** Requests that it shows in; all when left out. */
  readonly call?: RegExp;
  /** Places in the answer, e.g. `body.message`; all when left out. */
  readonly path?: RegExp;
  /** What the real server says there, as JSON; anything when left out. */
  readonly real?: RegExp;
}

const MESSAGE = /^(body\.message|body\.details\.causes\[\d+\]\.message)$/;

/** The whole list; each entry must be needed, and docs/reference/embedded-api.md shows it. */
export const ACCEPTED_DIFFERENCES: readonly AcceptedDifference[] = [
  {
    what: 'Messages about bodies and patches that are not the JSON or YAML they should be',
    why: "they are the words of Go's parsers; the status is the same",
    path: MESSAGE,
    real: /invalid character|unexpected end of JSON|cannot unmarshal (object|array) into Go value|converting YAML/,
  },
  {
    what: 'Messages about objects of another kind or version than the path, about what a patch leaves when it is no object, and about times',
    why: "they name Go's types, or print the object in Go's order of fields; the status is the same",
    path: MESSAGE,
    real: /unknown conversion|is registered for version|patch: Invalid value|^"Invalid value: .*apiVersion|parsing time/,
  },
  {
    what: 'Messages about media types, continue tokens and label selectors that are none',
    why: 'only people read them; the status is the same',
    path: /^body\.(message|details)$/,
    real: /Not Acceptable|Unsupported Media Type|unknown format|invalid continue token|unable to parse requirement|^\{\}$/,
  },
  {
    what: 'A strategic merge patch that is malformed is always a 422',
    why: 'a real server answers 400 or 500 by where it fails',
    path: /^status$/,
    real: /declared merge key|retainKeys|unknown patch type/,
  },
  {
    what: 'A key that YAML gives twice is an error of its own in a server-side apply',
    why: 'the YAML reader refuses it before the schema is asked',
    path: /^status$/,
    real: /field not declared in schema/,
  },
  {
    what: 'ReplicationControllers, StatefulSets, DaemonSets and CronJobs are not served (404)',
    why: 'nothing here makes or reads them',
    call: /^GET .*\/(replicationcontrollers|statefulsets|daemonsets|cronjobs)\b/,
    path: /^status$/,
  },
  {
    what: 'Reviews of access come back without managedFields',
    why: 'they are answers, which nobody manages',
    call: /^POST .*reviews$/,
    path: /^body\.metadata$/,
  },
  {
    what: 'No server-side apply on the scale subresource (501)',
    why: 'no client asks for it: autoscalers and `kubectl scale` update or patch it',
    call: /^PATCH .*\/scale\?fieldManager/,
    path: /^status$/,
  },
  {
    what: "A refused change of a pod's spec is not shown as a diff",
    why: "a real server prints the difference of Go's internal types",
    path: MESSAGE,
    real: /pod updates may not change fields/,
  },
  {
    what: 'Type errors in an update of a custom resource name the whole path (`status.a in body`), not its end',
    why: 'a real server loses the beginning where it compares with the stored object; the field beside the message is the same',
    path: MESSAGE,
    real: /: [\w[\]]+ in body must be of type/,
  },
  {
    what: 'No warnings beside the refusal of a custom resource in a version that is not served',
    why: 'they are about a schema that is not there',
    path: /^warnings$/,
    real: /unknown field \\"spec\\"/,
  },
];

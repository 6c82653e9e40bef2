import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import type { ApiClient, Manifest } from './api-client.ts';
import { watchObjects } from './watch-objects.ts';
import { until } from './world.ts';

/**
 * nginx that splits by canary Ingresses as ingress-nginx does: addresses and weights are handed to a balancer in Lua, so
 * that nothing is started anew when they change.
 */
export interface Nginx {
  readonly origin: string;
  stop(): Promise<void>;
}

const PORT = 8_001;
const CONTROL_PORT = 8_002;
const PREFIX = 'nginx.ingress.kubernetes.io';
/** ingress-nginx lets changes come together for a while, too. */
const SYNC_MS = 1_000;
const MODULES = '/usr/lib/nginx/modules';
const LUA = '/usr/share/lua/5.1';

/** Why there is none here, or undefined. */
export function nginxRefusal(): string | undefined {
  const found = spawnSync('nginx', ['-v']).status === 0 && existsSync(join(MODULES, 'ngx_http_lua_module.so'));
  if (found && existsSync(join(LUA, 'ngx', 'balancer.lua'))) return undefined;
  return 'there is no nginx with Lua (Debian: apt-get install nginx libnginx-mod-http-lua lua-resty-core)';
}

export async function startNginx(input: {
  readonly api: ApiClient;
  readonly directory: string;
  readonly logFile: string;
}): Promise<Nginx> {
  const { api, directory, logFile } = input;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'nginx.conf'), configuration(directory));
  const log = openSync(logFile, 'a');
  const child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  await until('nginx to listen', async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}; see ${logFile}`);
    return (await putRoutes('').catch(() => undefined)) === 200;
  });
  const sync = startSync(api);
  return {
    origin: `http://127.0.0.1:${PORT}`,
    stop: async () => {
      sync.stop();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Hands nginx what Ingresses and EndpointSlices say, a moment after they change. */
function startSync(api: ApiClient): { stop(): void } {
  const ingresses = new Map<string, Manifest>();
  const slices = new Map<string, Manifest>();
  let due: NodeJS.Timeout | undefined;
  const keep = (objects: Map<string, Manifest>) => (change: 'present' | 'gone', object: Manifest) => {
    const key = object.metadata.uid ?? '';
    if (change === 'present') objects.set(key, object);
    else objects.delete(key);
    due ??= setTimeout(() => {
      due = undefined;
      void putRoutes(routesOf([...ingresses.values()], [...slices.values()])).catch(() => undefined);
    }, SYNC_MS);
  };
  const watches = [
    watchObjects(api, '/apis/networking.k8s.io/v1/ingresses', keep(ingresses)),
    watchObjects(api, '/apis/discovery.k8s.io/v1/endpointslices', keep(slices)),
  ];
  return {
    stop: () => {
      clearTimeout(due);
      for (const watch of watches) watch.stop();
    },
  };
}

async function putRoutes(body: string): Promise<number> {
  const answer = await request(`http://127.0.0.1:${CONTROL_PORT}/routes`, { method: 'POST', body });
  await answer.body.dump();
  return answer.statusCode;
}

/** A line for each host: `host weight total stable-addresses canary-addresses`, addresses separated by commas. */
function routesOf(ingresses: readonly Manifest[], slices: readonly Manifest[]): string {
  const stable = ingresses.filter((ingress) => annotation(ingress, 'canary') !== 'true');
  const lines = stable.flatMap((ingress) => {
    const host = hostOf(ingress);
    const canary = ingresses.find((other) => {
      const same = other.metadata.namespace === ingress.metadata.namespace && hostOf(other) === host;
      return same && annotation(other, 'canary') === 'true';
    });
    const toCanary = canary === undefined ? [] : addressesOf(canary, slices);
    // As there: a canary without pods gets nothing.
    const weight = toCanary.length === 0 || canary === undefined ? 0 : Number(annotation(canary, 'canary-weight') ?? 0);
    const weightTotal = Number((canary && annotation(canary, 'canary-weight-total')) ?? 100);
    return [`${host} ${weight} ${weightTotal} ${listed(addressesOf(ingress, slices))} ${listed(toCanary)}\n`];
  });
  return lines.join('');
}

function listed(addresses: readonly string[]): string {
  return addresses.length === 0 ? '-' : addresses.join(',');
}

function annotation(ingress: Manifest, name: string): string | undefined {
  return ingress.metadata.annotations?.[`${PREFIX}/${name}`];
}

function hostOf(ingress: Manifest): string {
  return ingress['spec'].rules[0].host as string;
}

/** Ready addresses behind the first path. */
function addressesOf(ingress: Manifest, slices: readonly Manifest[]): readonly string[] {
  const service = ingress['spec'].rules[0].http.paths[0].backend.service.name as string;
  const own = slices.filter(({ metadata }) => {
    return (
      metadata.namespace === ingress.metadata.namespace && metadata.labels?.['kubernetes.io/service-name'] === service
    );
  });
  return own.flatMap((slice) => {
    const endpoints = (slice['endpoints'] ?? []) as readonly Endpoint[];
    const port = slice['ports']?.[0]?.port as number;
    return endpoints
      .filter(({ conditions }) => conditions.ready === true)
      .map(({ addresses }) => `${addresses[0]}:${port}`);
  });
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready?: boolean };
}

function configuration(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
load_module ${MODULES}/ndk_http_module.so;
load_module ${MODULES}/ngx_http_lua_module.so;
user root;
daemon off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join('\n  ')}
  lua_package_path "${LUA}/?.lua;;";
  lua_shared_dict routes 1m;
  upstream pods {
    server 0.0.0.1;
    balancer_by_lua_block {
      local route = ngx.shared.routes:get(ngx.var.host)
      if not route then return ngx.exit(503) end
      local weight, total, stable, canary = route:match("^(%d+) (%d+) (%S+) (%S+)$")
      local list = math.random(tonumber(total)) <= tonumber(weight) and canary or stable
      local addresses = {}
      for ip, port in list:gmatch("([%d.]+):(%d+)") do addresses[#addresses + 1] = { ip, tonumber(port) } end
      if #addresses == 0 then return ngx.exit(503) end
      local chosen = addresses[math.random(#addresses)]
      assert(require("ngx.balancer").set_current_peer(chosen[1], chosen[2]))
    }
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${PORT};
    location / {
      proxy_pass http://pods;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
  server {
    listen 127.0.0.1:${CONTROL_PORT};
    client_body_buffer_size 1m;
    location /routes {
      content_by_lua_block {
        ngx.req.read_body()
        for host, route in (ngx.req.get_body_data() or ""):gmatch("(%S+) ([^\\n]+)\\n") do
          ngx.shared.routes:set(host, route)
        end
      }
    }
  }
}
`;
}

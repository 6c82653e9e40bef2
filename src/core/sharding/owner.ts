/**
 * Which of the members an object belongs to: the one whose name scores highest together with the object's key (rendezvous
 * hashing, Thaler and Ravishankar 1998). All who know the same members agree without talking, each has about the same
 * share, and when a member comes or goes only the objects of that member move. Undefined without members.
 */
export function ownerOf(key: string, members: readonly string[]): string | undefined {
  let owner: string | undefined;
  let best = -1;
  for (const member of members) {
    const score = scoreOf(key, member);
    if (score < best || (score === best && owner !== undefined && member > owner)) continue;
    best = score;
    owner = member;
  }
  return owner;
}

/** FNV-1a over both names, then the finaliser of MurmurHash3: without it, names that differ in their end only score alike. */
function scoreOf(key: string, member: string): number {
  let hash = mixed(hashOf(member, 0x811c9dc5));
  hash = hashOf(key, hash);
  return mixed(hash);
}

function hashOf(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

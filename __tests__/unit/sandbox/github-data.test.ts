import { describe, expect, test } from '@jest/globals';
import { askRepo, base64, git, NAME, requireSound, start } from './github-loopback.ts';

const NOBODY = '0'.repeat(40);

test('sandbox GitHub: a commit is made of blobs, a tree and a parent', async () => {
  const server = await start({ now: () => Date.parse('2026-03-01T12:00:00.900Z') });
  const repository = server.repository(NAME);
  const parent = repository.head('main');
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  const { body: blob, status } = await askRepo(server, 'POST /git/blobs', {
    content: base64(bytes),
    encoding: 'base64',
  });
  expect(status).toBe(201);
  const { body: tree } = await askRepo(server, 'POST /git/trees', {
    base_tree: git(repository, 'rev-parse', 'main^{tree}').trim(),
    tree: [
      { path: 'audit/2026/03.csv', mode: '100644', type: 'blob', sha: blob.sha },
      { path: 'run.sh', mode: '100755', type: 'blob', content: 'echo\n' },
      { path: 'latest', mode: '120000', type: 'blob', content: 'audit/2026/03.csv' },
    ],
  });
  expect(tree.tree.map(({ path, mode, type }: Record<string, string>) => [path, mode, type])).toEqual([
    ['README.md', '100644', 'blob'],
    ['audit', '040000', 'tree'],
    ['latest', '120000', 'blob'],
    ['run.sh', '100755', 'blob'],
  ]);
  const { body: commit } = await askRepo(server, 'POST /git/commits', {
    message: 'Export\n\nMarch: ümlaut',
    tree: tree.sha,
    parents: [parent],
  });
  expect(commit).toMatchObject({
    tree: { sha: tree.sha },
    parents: [{ sha: parent }],
    message: 'Export\n\nMarch: ümlaut',
    author: { name: 'github-actions[bot]', date: '2026-03-01T12:00:00Z' },
    html_url: `https://github.com/acme/audit/commit/${commit.sha}`,
  });
  expect(await askRepo(server, `GET /git/commits/${commit.sha}`)).toEqual({ status: 200, body: commit });
  await askRepo(server, 'PATCH /git/refs/heads/main', { sha: commit.sha });
  expect(repository.files('main').get('audit/2026/03.csv')).toEqual(bytes);
  expect(git(repository, 'log', '-1', '--format=%P %an %cI %s|%b', 'main').trim()).toBe(
    `${parent} github-actions[bot] 2026-03-01T12:00:00+00:00 Export|March: ümlaut`,
  );
  requireSound(repository);
});

test('sandbox GitHub: a commit has the author and the time that the request gives', async () => {
  const server = await start();
  const tree = git(server.repository(NAME), 'rev-parse', 'main^{tree}').trim();
  const author = { name: 'Ada', email: 'ada@example.com', date: '2020-02-29T23:00:00+01:00' };
  const { body } = await askRepo(server, 'POST /git/commits', { message: 'm', tree, author });
  expect(body.author).toEqual({ ...author, date: '2020-02-29T22:00:00Z' });
  expect(body.committer).toEqual(body.author);
  expect(body.parents).toEqual([]);
});

describe('sandbox GitHub refuses a commit', () => {
  test.each<[string, object, string]>([
    ['without a tree', { tree: NOBODY }, 'Tree SHA does not exist or is not a tree object'],
    ['without its parent', { parents: [NOBODY] }, 'Parent SHA does not exist or is not a commit object'],
    ['without a message', { message: ' ' }, "Invalid request.\n\nFor 'properties/message', it is not a message."],
    [
      'of a person whom git cannot write down',
      { author: { name: 'a\nb', email: '' } },
      'Invalid request.\n\na\nb <> is not a person.',
    ],
    ['with another field', { tag: 'v1' }, 'Invalid request.\n\n"tag" is not a permitted key.'],
    ['with half an id', { tree: 'abc' }, 'The sha parameter must be exactly 40 characters and contain only [0-9a-f].'],
  ])('%s', async (_, fields, message) => {
    const server = await start();
    const tree = git(server.repository(NAME), 'rev-parse', 'main^{tree}').trim();
    const refused = await askRepo(server, 'POST /git/commits', { message: 'm', tree, ...fields });
    expect(refused).toMatchObject({ status: 422, body: { message } });
  });

  test('whose id is that of a blob, or of nothing', async () => {
    const server = await start();
    const blob = git(server.repository(NAME), 'rev-parse', 'main:README.md').trim();
    expect((await askRepo(server, `GET /git/commits/${blob}`)).status).toBe(404);
    expect((await askRepo(server, `GET /git/commits/${NOBODY}`)).status).toBe(404);
    expect((await askRepo(server, 'GET /git/commits/main')).status).toBe(422);
  });
});

describe('a tree of the sandbox GitHub', () => {
  test('is listed by its id, its commit or its branch', async () => {
    const server = await start();
    const repository = server.repository(NAME);
    const commit = repository.commit('audit/next', { 'a/b.csv': 'b', 'a/c/d.csv': 'four', 'a.csv': '' });
    const tree = git(repository, 'rev-parse', 'audit/next^{tree}').trim();
    const paths = async (name: string) => {
      const { body } = await askRepo(server, `GET /git/trees/${name}`);
      return [body.sha, ...body.tree.map((entry: { path: string }) => entry.path)];
    };
    const all = ['README.md', 'a.csv', 'a', 'a/b.csv', 'a/c', 'a/c/d.csv'];
    expect(await paths(tree)).toEqual([tree, 'README.md', 'a.csv', 'a']);
    expect(await paths(`${tree}?recursive=1`)).toEqual([tree, ...all]);
    expect(await paths(`${commit}?recursive=true`)).toEqual([commit, ...all]);
    expect(await paths('audit/next?recursive=1')).toEqual([commit, ...all]);
    expect(await paths('audit%2Fnext')).toEqual([commit, 'README.md', 'a.csv', 'a']);
    const { body } = await askRepo(server, `GET /git/trees/${tree}?recursive=1`);
    expect(body.truncated).toBe(false);
    expect(body.tree.find((entry: { path: string }) => entry.path === 'a/c/d.csv').size).toBe(4);
    expect(body.tree.find((entry: { path: string }) => entry.path === 'a/c')).not.toHaveProperty('size');
    expect((await askRepo(server, 'GET /git/trees/nobody')).status).toBe(404);
    expect((await askRepo(server, `GET /git/trees/${body.tree[0].sha}`)).status).toBe(404);
  });

  test('is listed in part, with `truncated: true`, where it is too long', async () => {
    const server = await start({ treeLimit: 3 });
    server.repository(NAME).commit('main', { 'a/b': '', 'a/c': '' });
    const { body } = await askRepo(server, 'GET /git/trees/main?recursive=1');
    expect([body.tree.length, body.truncated]).toEqual([3, true]);
    server.repository(NAME).commit('main', { 'a/c': null });
    const { body: fits } = await askRepo(server, 'GET /git/trees/main?recursive=1');
    expect([fits.tree.length, fits.truncated]).toEqual([3, false]);
  });

  test('loses a folder with the last file of it', async () => {
    const server = await start();
    const repository = server.repository(NAME);
    const base_tree = repository.commit('main', { 'a/b/c': 'c', 'a/d': 'd' });
    const gone = { mode: '100644', type: 'blob', sha: null };
    const made = await askRepo(server, 'POST /git/trees', { base_tree, tree: [{ path: 'a/b/c', ...gone }] });
    const listed = await askRepo(server, `GET /git/trees/${made.body.sha}?recursive=1`);
    expect(listed.body.tree.map((entry: { path: string }) => entry.path)).toEqual(['README.md', 'a', 'a/d']);
    const twice = await askRepo(server, 'POST /git/trees', {
      base_tree: made.body.sha,
      tree: [{ path: 'a/b/c', ...gone }],
    });
    expect(twice).toMatchObject({ status: 422, body: { message: 'GitRPC::BadObjectState' } });
  });

  test('is put below another tree with all its files', async () => {
    const server = await start();
    const repository = server.repository(NAME);
    repository.commit('main', { 'a/b': 'b' });
    const sha = git(repository, 'rev-parse', 'main:a').trim();
    const made = await askRepo(server, 'POST /git/trees', {
      tree: [{ path: 'x/y', mode: '040000', type: 'tree', sha }],
    });
    expect(git(repository, 'ls-tree', '-r', '--name-only', made.body.sha)).toBe('x/y/b\n');
  });

  const malformed = 'tree.path contains a malformed path component';
  const either = 'Must supply either tree.sha or tree.content. Request will be rejected if both are present.';
  test.each<[string, object, string]>([
    ['an unknown blob', { sha: NOBODY }, `tree.sha ${NOBODY} is not a valid blob`],
    ['neither blob nor content', {}, either],
    ['both blob and content', { sha: NOBODY, content: '' }, either],
    ['an odd mode', { mode: '100600', content: '' }, 'Must supply a valid tree.mode'],
    ['a type that is not its mode’s', { type: 'tree', content: '' }, 'Must supply a valid tree.type'],
    ['a path out of the tree', { path: '../a', content: '' }, malformed],
    ['a path below a file', { path: 'README.md/a', content: '' }, malformed],
    ['a number as content', { content: 1 }, "Invalid request.\n\nFor 'properties/content', 1 is not a string."],
  ])('is refused with %s', async (_, fields, message) => {
    const server = await start();
    const tree = [{ path: 'a', mode: '100644', type: 'blob', ...fields }];
    const refused = await askRepo(server, 'POST /git/trees', { base_tree: server.repository(NAME).head('main'), tree });
    expect(refused).toMatchObject({ status: 422, body: { message } });
  });

  test('is refused without an entry, and with a base that is no tree', async () => {
    const server = await start();
    const tree = [{ path: 'a', mode: '100644', type: 'blob', content: '' }];
    const message = async (body: object) => (await askRepo(server, 'POST /git/trees', body)).body.message;
    expect(await message({ base_tree: NOBODY, tree })).toBe('base_tree is not a valid tree oid');
    expect(await message({ tree: [] })).toBe('Invalid tree info');
    expect(await message({ tree: [...tree, { ...tree[0], path: 'a/b' }] })).toBe(malformed);
  });
});

describe('a blob of the sandbox GitHub', () => {
  test('comes back in base64, in lines of 60', async () => {
    const server = await start();
    const bytes = Buffer.alloc(100, 7);
    const { body } = await askRepo(server, 'POST /git/blobs', { content: base64(bytes), encoding: 'base64' });
    const read = await askRepo(server, `GET /git/blobs/${body.sha}`);
    expect(read.body).toMatchObject({ sha: body.sha, size: 100, encoding: 'base64' });
    expect(read.body.content.split('\n').map((line: string) => line.length)).toEqual([60, 60, 16, 0]);
    expect(Buffer.from(read.body.content, 'base64')).toEqual(bytes);
    const { body: text } = await askRepo(server, 'POST /git/blobs', { content: 'ümlaut' });
    expect((await askRepo(server, `GET /git/blobs/${text.sha}`)).body.content).toBe(`${base64('ümlaut')}\n`);
    const { body: empty } = await askRepo(server, 'POST /git/blobs', { content: '' });
    expect((await askRepo(server, `GET /git/blobs/${empty.sha}`)).body).toMatchObject({ content: '', size: 0 });
    expect((await askRepo(server, `GET /git/blobs/${NOBODY}`)).status).toBe(404);
  });

  test.each<[object, RegExp]>([
    [{ content: 'a', encoding: 'base64' }, /^content is not valid Base64$/],
    [{ content: 'YQ', encoding: 'base64' }, /^content is not valid Base64$/],
    [{ content: 'YQ==\n', encoding: 'base64' }, /^content is not valid Base64$/],
    [{ content: 'YR==', encoding: 'base64' }, /^content is not valid Base64$/],
    [{ content: 'a', encoding: 'latin1' }, /latin1 is not a member/],
    [{ content: 'x'.repeat(11) }, /^Sorry, your input was too large to process/],
  ])('is refused: %j', async (body, message) => {
    const refused = await askRepo(await start({ maxBlobBytes: 10 }), 'POST /git/blobs', body);
    expect(refused).toMatchObject({ status: 422, body: { message: expect.stringMatching(message) } });
  });
});

// Runs before what needs Node 24, under whatever Node there is: so no TypeScript, and nothing newer than Node 20 knows.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `This needs Node 24 or newer, and here is ${process.version}: install it from https://nodejs.org, then run the command again.`,
  );
  process.exit(1);
}

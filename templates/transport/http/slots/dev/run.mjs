
let server;
let timer;
let turn = Promise.resolve();
// A new server when a build has written its last file. A build by hand empties the folder first: then it waits.
const builds = watch('dist', (_, file) => {
  if (file !== null && !file.endsWith('.js')) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    turn = turn.then(restart);
  }, 300);
});
// Asked for the second time, it aborts the calls under way.
function endServer(signal) {
  end(server, signal);
  setTimeout(end, 2_000, server, signal).unref();
}
async function restart() {
  if (isRunning(server)) {
    endServer('SIGTERM');
    await once(server, 'exit');
  }
  if (timer !== undefined && existsSync('dist/http.js')) server = start(['dist/http.js']);
}


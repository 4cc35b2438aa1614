import { openHome } from '../home/home';

// home.child.mjs DIR: at every word tries to open the home, says how that went, and keeps it.

process.send!('ready');
process.on('message', () => {
  openHome(process.argv[2]!).then(
    async (home) => {
      await home.announce({ url: `http://127.0.0.1:${process.pid}` });
      process.send!({ held: true });
    },
    (error: Error) => process.send!({ held: false, name: error.name, message: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));

import { scenario } from '../harness/scenario.js';

scenario('one of two sessions is ended', async (site) => {
  const here = await site.signedIn('lin@home.example');
  const there = await site.signedIn('lin@home.example');
  await here.follow('Sessions');
  const other = here.row('Chrome').filter({ hasNotText: 'this one' });
  await here.press(/^End the session/, { within: other });
  await here.told('The session is ended.');
  await there.follow('Devices');
  await there.heading('Sign in');
});

scenario('all other sessions are ended', async (site) => {
  const here = await site.signedIn('lin@home.example');
  const there = await site.signedIn('lin@home.example');
  await here.follow('Sessions');
  await here.press('End all other sessions');
  await here.told('All other sessions are ended.');
  await there.follow('Devices');
  await there.heading('Sign in');
});

scenario('who signs out everywhere and does not stay signed in here signs in again', async (site) => {
  const here = await site.signedIn('lin@home.example');
  await here.follow('Sessions');
  await here.page.getByLabel('and stay signed in here').uncheck();
  await here.press('Sign out everywhere', { answer: 428 });
  await here.press('Yes');
  await here.heading('Sign in');
  await here.told('You are signed out.');
});

scenario('who signs out everywhere stays signed in here', async (site) => {
  const here = await site.signedIn('lin@home.example');
  const there = await site.signedIn('lin@home.example');
  await here.follow('Sessions');
  await here.press('Sign out everywhere', { answer: 428 });
  await here.heading('Sign out everywhere?');
  await here.press('Yes');
  await here.told('You are signed out everywhere else.');
  await there.follow('Devices');
  await there.heading('Sign in');
});

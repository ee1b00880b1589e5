import { password } from '../harness/portal.js';
import { scenario } from '../harness/scenario.js';

scenario('a password is changed to a good one, and to no other', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Password');
  for (const [current, fresh, again, answer] of [
    ['not the present one', 'seven green umbrellas', 'seven green umbrellas', 403],
    [password, 'seven green umbrellas', 'eight green umbrellas', 400],
    [password, 'password', 'password', 400],
    [password, 'seven green umbrellas', 'seven green umbrellas', 200],
  ]) {
    await lin.fill('Current password', current);
    await lin.fill('New password', fresh);
    await lin.fill('New password again', again);
    await lin.press('Change the password', { answer });
    await (answer === 200 ? lin.told('Your password is changed.') : lin.refused(''));
  }
  await lin.press('Sign out');
  await lin.signIn('lin@home.example', password, 401);
  await lin.fill('Password', 'seven green umbrellas');
  await lin.press('Sign in');
  await lin.heading('Overview');
});

scenario('a recovery code is made, shown once, and removed', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Password');
  await lin.sees('You have none.');
  await lin.press('Make a new code');
  await lin.heading('Your recovery code');
  await lin.follow('Done');
  await lin.sees('You have one, made');
  await lin.press('Remove the code');
  await lin.told('Your recovery code is removed.');
});

package main

func Example() {
	main()
	// Output:
	// Disable “Ada's laptop”? [The device can no longer sign in, from this moment on. You cannot undo this. Only an administrator can add the device again. Its recovery keys stay readable to you.]
	// devices.disable refused (already-disabled): This device is already disabled. Only an administrator can add it again. Contact your administrator.
}

# What stock tools see of the device: its bus, its node, its bytes.
daxemu_client_test(daxctl daxctl_test.sh)
daxemu_client_test(coreutils coreutils_test.sh)
daxemu_client_test(daxio daxio_test.sh)
daxemu_client_test(lstopo lstopo_test.sh)

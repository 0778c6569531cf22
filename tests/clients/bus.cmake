# What stock tools see of the device: its bus, its node, its bytes.
daxemu_client_test(daxctl bus/daxctl_test.sh)
daxemu_client_test(coreutils tools/coreutils_test.sh)
daxemu_client_test(daxio pmdk/daxio_test.sh)
daxemu_client_test(lstopo tools/lstopo_test.sh)

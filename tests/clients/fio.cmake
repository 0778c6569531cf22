# The main job, on each backing and extent size, with verification on.
daxemu_client_test(fio.hugetlb_2M fio/fio_test.sh HUGETLB TIMEOUT 300 ARGS 2G 2M hugetlb)
daxemu_client_test(fio.shmem_2M fio/fio_test.sh TIMEOUT 600 ARGS 2G 2M shmem)
daxemu_client_test(fio.shmem_1G fio/fio_test.sh TIMEOUT 600 ARGS 2G 1G shmem)
daxemu_client_test(fio.shmem_4K fio/fio_test.sh TIMEOUT 600 ARGS 1G 4K shmem)
daxemu_client_test(fio.unprivileged processes/unprivileged_test.sh TIMEOUT 300)
daxemu_client_test(fio.verify_can_fail fio/fio_verify_can_fail_test.sh)
daxemu_client_test(fio.several_jobs fio/fio_jobs_test.sh TIMEOUT 300)

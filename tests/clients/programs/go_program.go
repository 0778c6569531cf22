// A Go program on a device: its runtime makes system calls of its own. Part of client.supervised.
package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

func must(what string, err error) {
	if err != nil {
		fmt.Println("FAILED", what, err)
		os.Exit(1)
	}
}

func main() {
	entries, err := os.ReadDir("/sys/bus/dax/devices")
	must("readdir", err)
	for _, e := range entries {
		fmt.Println("device", e.Name())
	}
	size, err := os.ReadFile("/sys/bus/dax/devices/dax0.0/size")
	must("size", err)
	fmt.Print("size ", string(size))
	info, err := os.Stat("/dev/dax0.0")
	must("stat", err)
	fmt.Println("mode", info.Mode())
	file, err := os.OpenFile("/dev/dax0.0", os.O_RDWR, 0)
	must("open", err)
	const length = 8 << 20
	bytes, err := syscall.Mmap(int(file.Fd()), 0, length, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	must("mmap", err)
	_, err = file.Write([]byte("x"))
	fmt.Println("write", err)
	var wait sync.WaitGroup
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			garbage := make([][]byte, 0)
			for at := i * 4096; at < length; at += 8 * 4096 {
				bytes[at] = byte(i)
				garbage = append(garbage, make([]byte, 4096))
			}
			_ = garbage
		}(i)
	}
	wait.Wait()
	sum := 0
	for at := 0; at < length; at += 4096 {
		sum += int(bytes[at])
	}
	fmt.Println("sum", sum)
	must("munmap", syscall.Munmap(bytes))
	must("close", file.Close())
}

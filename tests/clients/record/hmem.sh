#!/bin/sh
# Two devices and free memory behind them.
daxctl disable-device dax0.0
daxctl reconfigure-device -s 512M dax0.0 || { echo 536870912 >/sys/bus/dax/devices/dax0.0/size; }
daxctl create-device -s 256M
daxctl enable-device dax0.0 || true

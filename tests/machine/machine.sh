# shellcheck shell=sh disable=SC2034,SC2154
# tests/machine/machine.sh: a virtual machine for *.t programs, fresh from its
# provider (tests/machine/debian).  Sourced after tests/lib.sh.
#
#	. "$(dirname "$0")/../lib.sh"
#	. "$ROOT/tests/machine/machine.sh"
#	machine_new			# a fresh disk; or everything is skipped
#	machine_boot			# and answering ssh
#	on 'uname -r'			# as root; sets status and output
#	machine_power_cut		# then machine_boot again
#
# 1 GiB of memory and two processors, under KVM where that runs a kernel of Debian's,
# else in qemu alone, some ten times slower (MACHINE_ACCEL=kvm or tcg decides).  The guest
# reaches this machine's loopback as 10.0.2.2; its ports 22, 80 and 443 are
# $SSH_PORT, $HTTP_PORT and $HTTPS_PORT here.

QEMU=qemu-system-x86_64

# machine_new	a disk of its own in $SCRATCH, which root's key opens
machine_new() {
	command -v $QEMU >/dev/null || skip_all 'apt-get install qemu-system-x86 debootstrap'
	base=$("$ROOT/tests/machine/debian" 2>debian.log) || skip_all "$(tail -n 1 debian.log)"
	[ -e key ] || ssh-keygen -q -t ed25519 -N '' -C test -f key
	rm -f disk
	cp --sparse=always "$base/disk.ext4" disk
	{
		for home in /root /home/deployer; do
			echo "write key.pub $home/.ssh/authorized_keys"
			echo "sif $home/.ssh/authorized_keys mode 0100644"
		done
	} >debugfs.in
	PATH=$PATH:/usr/sbin:/sbin debugfs -w -f debugfs.in disk >debugfs.log 2>&1
	SSH_PORT=${SSH_PORT:-$(free_port)}
	HTTP_PORT=${HTTP_PORT:-$(free_port)}
	HTTPS_PORT=${HTTPS_PORT:-$(free_port)}
	cat >ssh_config <<-END
	Host vps
	HostName 127.0.0.1
	Port $SSH_PORT
	IdentityFile $SCRATCH/key
	IdentitiesOnly yes
	UserKnownHostsFile /dev/null
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking no
	LogLevel ERROR
	END
	DEPLOY_SSH="ssh -F $SCRATCH/ssh_config"
	export DEPLOY_SSH
}

# machine_boot	sets MACHINE, and boot_ms until it answered
machine_boot() {
	: "${MACHINE_ACCEL:=$(machine_accel)}"
	boot_begun=$(now_ms)
	# a list of words
	# shellcheck disable=SC2046
	background qemu.log $QEMU $(machine_parts) \
		-append 'root=/dev/vda rw console=ttyS0 panic=-1 quiet' \
		-drive file=disk,format=raw,if=virtio,cache=writeback \
		-device virtio-rng-pci -nic "$(machine_nic)"
	MACHINE=$pid
	machine_up
	boot_ms=$(($(now_ms) - boot_begun))
}

machine_parts() {
	echo "-accel $MACHINE_ACCEL -cpu max,-arch-capabilities -smp 2 -m 1024" \
		"-nodefaults -display none -serial file:console.log" \
		"-kernel $base/vmlinuz -initrd $base/initrd"
}

# There are machines whose KVM does not run Debian's kernel: what has not said a
# word after five seconds never will.
machine_accel() {
	MACHINE_ACCEL=kvm
	if [ -w /dev/kvm ]; then
		# shellcheck disable=SC2046
		timeout 5 $QEMU $(machine_parts) -no-reboot \
			-append 'console=ttyS0 panic=-1' >probe.log 2>&1
		[ ! -s console.log ] || { echo kvm; return; }
	fi
	echo tcg,tb-size=512
}

machine_nic() {
	printf 'user,model=virtio-net-pci'
	printf ',hostfwd=tcp:127.0.0.1:%s-:%s' "$SSH_PORT" 22 "$HTTP_PORT" 80 "$HTTPS_PORT" 443
}

machine_up() {
	wait_for 300 machine_answers ||
		bail "the machine does not answer: $(tail -n 3 qemu.log console.log)"
}

machine_answers() {
	alive "$MACHINE" && timeout 60 ssh -F ssh_config -o ConnectTimeout=50 vps true
}

# machine_power_cut	what the guest had not given to its disk is gone
machine_power_cut() {
	stop "$MACHINE" KILL
}

# on COMMAND [USER]	sets status and output
on() {
	output=$(timeout "${LIMIT:-120}" ssh -F ssh_config "${2:-root}@vps" "$1" </dev/null 2>&1)
	status=$?
}

on_ok() {	# NAME COMMAND
	on "$2"
	[ "$status" -eq 0 ]
	result $? "$1" || diag "$2: $status $output"
}

on_is() {	# NAME COMMAND WANT
	on "$2"
	is "$1" "$output" "$3"
}

on_like() {	# NAME COMMAND REGEXP
	on "$2"
	like "$1" "$output" "$3"
}

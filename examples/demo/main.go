// Command demo runs cairn's main job on an example: it builds and publishes
// the tree, then asks as devices do, and prints each request with its answer
// as they go over the wire.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// at is an instant at which 1.1.0 reaches 10 percent of the customers.
const at = "2026-12-02T12:00:00Z"

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: demo CAIRN PROJECT OUT")
		os.Exit(2)
	}
	if err := demo(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(cairn, project, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	run := func(args ...string) error {
		fmt.Println("\n$ cairn", strings.Join(args, " "))
		cmd := exec.Command(cairn, append([]string{"-C", project}, args...)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	}
	bucket := "dir:" + filepath.Join(out, "bucket")
	for _, args := range [][]string{
		{"check"},
		{"build", "--out", filepath.Join(out, "tree"), "--at", at},
		{"publish", "--to", bucket, "--at", at},
		{"explain", "--device-serial", "FRIDGE-0042", "--hardware-version", "mp", "--software-type", "stm32-fw", "--current-version", "1.0.0", "--at", at},
	} {
		if err := run(args...); err != nil {
			return fmt.Errorf("cairn %s: %w", args[0], err)
		}
	}
	return serve(cairn, project, bucket)
}

// serve serves the bucket while it asks.
func serve(cairn, project, bucket string) error {
	cmd := exec.Command(cairn, "-C", project, "serve", "--from", bucket, "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("cairn serve: %w", err)
	}
	fmt.Print("\n$ cairn serve --from ", bucket, "\n", line)
	_, address, _ := strings.Cut(strings.TrimSpace(line), "://")

	const device = "device_serial=%s&hardware_version=mp&software_type=stm32-fw&current_version=%s"
	const key = "Memfault-Project-Key: demo-project-key"
	for _, ask := range []struct{ story, path string }{
		{"A beta fridge on 1.0.0 is offered the delta to 1.1.0.",
			"/api/v0/releases/latest/url?" + fmt.Sprintf(device, "FRIDGE-0042", "1.0.0")},
		{"The same with all there is to know, as JSON.",
			"/api/v0/releases/latest?" + fmt.Sprintf(device, "FRIDGE-0042", "1.0.0")},
		{"A fridge on 1.1.0 is up to date: 204.",
			"/api/v0/releases/latest/url?" + fmt.Sprintf(device, "FRIDGE-0042", "1.1.0")},
		{"A fridge from the factory passes through 1.0.0 first.",
			"/api/v0/releases/latest/url?" + fmt.Sprintf(device, "FRIDGE-2000", "0.9.0-factory")},
		{"The beta fridge without a query API, once it runs 1.1.0: its own file is empty.",
			"/smartfridge/v1/latest/stm32-fw/mp/beta/1.1.0/a3.txt"},
	} {
		fmt.Printf("\n--- %s\n", ask.story)
		if err := get(address, ask.path, key); err != nil {
			return err
		}
	}
	return nil
}

// get prints a request and its answer, byte for byte.
func get(address, path, header string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\nConnection: close\r\n\r\n", path, address, header)
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	indent := func(s, mark string) string {
		return mark + strings.ReplaceAll(strings.TrimRight(strings.ReplaceAll(s, "\r", ""), "\n"), "\n", "\n"+mark)
	}
	fmt.Printf("%s\n%s\n", indent(request, "> "), indent(string(answer), "< "))
	return nil
}

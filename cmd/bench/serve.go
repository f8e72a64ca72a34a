package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// serve asks cairn's server and nginx the same, over one published folder.
func (b *bench) serve() error {
	if !installed("wrk") || !installedNginx() {
		return nil
	}
	p := &project{dir: filepath.Join(b.memory, "served"), targets: 4, versions: 8, digits: 2, devices: 91}
	tree := filepath.Join(b.memory, "public")
	if err := p.write(); err != nil {
		return err
	}
	if _, err := run(b.publishDir(p, begin, tree)); err != nil {
		return err
	}
	// The workers of root's nginx are another user.
	if err := os.Chmod(b.memory, 0o755); err != nil {
		return err
	}
	servers, err := b.startServers(p, tree)
	if err != nil {
		return err
	}
	loads, err := p.loads(tree)
	if err != nil {
		return err
	}
	for name, questions := range loads {
		if err := writeLoad(filepath.Join(b.memory, name+".lua"), questions); err != nil {
			return err
		}
	}
	all, err := b.askInTurn(servers)
	if err != nil {
		return err
	}
	for _, api := range []string{"url", "json"} {
		fmt.Printf("serve    %-4s of the query API: CPU %.1f us a request, %.2f times nginx with njs (%.1f us); %.0f/s, %.2f times (%.0f/s)\n",
			api, all.of("cairn "+api, cpuEach), all.ratio("cairn "+api, "edge "+api, cpuEach), all.of("edge "+api, cpuEach),
			all.of("cairn "+api, perSecond), all.ratio("cairn "+api, "edge "+api, perSecond), all.of("edge "+api, perSecond))
	}
	fmt.Printf("         keys of the tree: CPU %.1f us a request, %.2f times nginx with open_file_cache (%.1f us); %.0f/s, %.2f times (%.0f/s); p99 %.2f ms, %.2f times (%.2f ms)\n",
		all.of("cairn keys", cpuEach), all.ratio("cairn keys", "files keys", cpuEach), all.of("files keys", cpuEach),
		all.of("cairn keys", perSecond), all.ratio("cairn keys", "files keys", perSecond), all.of("files keys", perSecond),
		all.of("cairn keys", p99)/1000, all.ratio("cairn keys", "files keys", p99), all.of("files keys", p99)/1000)
	fmt.Printf("         nginx with njs: CPU for the query API %.2f (url) and %.2f (json) times that for a key of the tree (%.1f us)\n",
		all.ratio("edge url", "edge keys", cpuEach), all.ratio("edge json", "edge keys", cpuEach), all.of("edge keys", cpuEach))
	return nil
}

// askInTurn puts each load on each server that it is for, round by round.
func (b *bench) askInTurn(servers map[string]*daemon) (results[answered], error) {
	turns := []string{"cairn url", "edge url", "cairn json", "edge json", "cairn keys", "files keys", "edge keys"}
	all := results[answered]{}
	for round := range b.rounds + 1 {
		for _, name := range turns {
			server, load, _ := strings.Cut(name, " ")
			a, err := servers[server].ask(filepath.Join(b.memory, load+".lua"))
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first warms them up
				all[name] = append(all[name], a)
			}
			if verbose {
				fmt.Fprintf(os.Stderr, "%-10s CPU %5.1f us, %6.0f/s, p99 %6.2f ms\n", name, cpuEach(a), perSecond(a), p99(a)/1000)
			}
		}
		slices.Reverse(turns)
	}
	return all, nil
}

// loads are what wrk asks: the query API for both forms, and keys of the tree
// as devices compute them, each for some thousand devices.
func (p *project) loads(tree string) (map[string][]question, error) {
	const devices = 4096
	random := rand.New(rand.NewPCG(1, 2))
	all := map[string][]question{}
	for i := range devices {
		software, number := []string{"main", "modem"}[i%2], fmt.Sprintf("FRIDGE-%06d", random.IntN(1e6))
		if i%16 == 0 {
			number = serial(random.IntN(p.devices))
		}
		query := fmt.Sprintf("?device_serial=%s&hardware_version=%s&software_type=%s", number, p.hardware(random.IntN(p.targets)), software)
		switch v := random.IntN(p.versions + 2); {
		case v < p.versions:
			query += "&current_version=" + version(software, v)
		case v == p.versions:
			query += "&current_version=0.0.1-unknown"
		}
		coding := []string{"identity", "gzip, br"}[i/2%2]
		all["url"] = append(all["url"], question{"/api/v0/releases/latest/url" + query, "identity"})
		all["json"] = append(all["json"], question{"/api/v0/releases/latest" + query, coding})
	}
	objects, err := readTree(filepath.Join(tree, slug))
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(o object) bool { return !strings.HasSuffix(o.key, ".txt") })
	for range devices {
		o := objects[random.IntN(len(objects))]
		all["keys"] = append(all["keys"], question{"/" + slug + "/" + o.key, "identity"})
	}
	return all, nil
}

// startServers starts cairn, the nginx that it configures, and one that serves
// files as fast as it can.
func (b *bench) startServers(p *project, tree string) (map[string]*daemon, error) {
	servers := map[string]*daemon{}
	for _, name := range []string{"cairn", "edge", "files"} {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		args := []string{b.cairn, "-C", p.dir, "serve", "--from", "dir:" + tree, "--listen", address}
		if name != "cairn" {
			dir := filepath.Join(b.memory, name)
			args = []string{"nginx", "-p", dir, "-c", "nginx.conf", "-g", "daemon off;"}
			if name == "edge" {
				err = b.edgeConfig(p, tree, dir, address)
			} else {
				err = filesConfig(tree, dir, address)
			}
		}
		if err != nil {
			return nil, err
		}
		if servers[name], err = b.startDaemon(address, args...); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

func (b *bench) edgeConfig(p *project, tree, dir, address string) error {
	out, err := exec.Command(b.cairn, "-C", p.dir, "edge", "nginx", "--out", dir, "--root", tree, "--listen", address).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cairn edge nginx: %w: %s", err, out)
	}
	return nil
}

// filesConfig configures an nginx that serves files, and does nothing else.
func filesConfig(tree, dir, address string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, `
worker_processes auto;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    sendfile off;
    open_file_cache max=100000 inactive=60s;
    open_file_cache_valid 60s;
    types { "text/plain; charset=utf-8" txt; application/json json; }
    server {
        listen %s;
        root %q;
    }
}
`, address, tree), 0o644)
}

// installedNginx says whether there is an nginx with the modules that the edge
// needs.
func installedNginx() bool {
	for _, module := range []string{"js", "brotli_static"} {
		if _, err := os.Stat("/usr/lib/nginx/modules/ngx_http_" + module + "_module.so"); err != nil {
			fmt.Println("         nginx is not installed with njs and brotli, the serve rows are left out: apt-get install nginx libnginx-mod-http-js libnginx-mod-http-brotli-static")
			return false
		}
	}
	return true
}

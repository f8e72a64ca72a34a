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

// serve asks cairn's server and its peers the same, over one published folder:
// the query API the nginx that cairn configures, keys of the tree Caddy's file
// server, and nginx as fast as it can.
func (b *bench) serve() {
	if !installed("wrk") || !installedNginx() {
		return
	}
	p := b.project("served", size{targets: 4, versions: 8, digits: 2, devices: 91})
	tree := filepath.Join(b.memory, "public")
	p.publishDir(begin, tree)
	// The workers of root's nginx are another user.
	b.check(os.Chmod(b.memory, 0o755))
	servers := b.startServers(p, tree)
	for name, questions := range p.loads(tree) {
		b.check(writeLoad(filepath.Join(b.memory, name+".lua"), questions))
	}
	all := b.askInTurn(servers)
	for _, api := range []string{"url", "json"} {
		fmt.Printf("serve    %-4s of the query API: %s\n", api, beside(all, "cairn "+api, "edge "+api, "nginx with njs"))
	}
	fmt.Printf("         keys of the tree: %s\n", beside(all, "cairn keys", "caddy keys", "Caddy"))
	fmt.Printf("         keys of the tree: %s\n", beside(all, "cairn keys", "files keys", "nginx with open_file_cache"))
	fmt.Printf("         nginx with njs: CPU for the query API %.2f (url) and %.2f (json) times that for a key of the tree (%.1f us)\n",
		all.ratio("edge url", "edge keys", cpuEach), all.ratio("edge json", "edge keys", cpuEach), all.of("edge keys", cpuEach))
}

// beside says how a server does beside a peer.
func beside(all results[answered], server, peer, name string) string {
	return fmt.Sprintf("CPU %.1f us a request, %.2f times %s (%.1f us); %.0f/s, %.2f times (%.0f/s); p99 %.2f ms, %.2f times (%.2f ms)",
		all.of(server, cpuEach), all.ratio(server, peer, cpuEach), name, all.of(peer, cpuEach),
		all.of(server, perSecond), all.ratio(server, peer, perSecond), all.of(peer, perSecond),
		all.of(server, p99)/1000, all.ratio(server, peer, p99), all.of(peer, p99)/1000)
}

// askInTurn puts each load on each server that it is for, round by round.
func (b *bench) askInTurn(servers map[string]*daemon) results[answered] {
	turns := []string{"cairn url", "edge url", "cairn json", "edge json", "cairn keys", "caddy keys", "files keys", "edge keys"}
	all := results[answered]{}
	for round := range b.rounds + 1 {
		for _, name := range turns {
			server, load, _ := strings.Cut(name, " ")
			a, err := servers[server].ask(filepath.Join(b.memory, load+".lua"))
			b.check(err)
			if round > 0 { // the first warms them up
				all[name] = append(all[name], a)
			}
			if b.verbose {
				fmt.Fprintf(os.Stderr, "%-10s CPU %5.1f us, %6.0f/s, p99 %6.2f ms\n", name, cpuEach(a), perSecond(a), p99(a)/1000)
			}
		}
		slices.Reverse(turns)
	}
	return all
}

// loads are what wrk asks: the query API for both forms, and keys of the tree
// as devices compute them, each for some thousand devices.
func (p *project) loads(tree string) map[string][]question {
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
	objects, err := readTree(tree)
	p.check(err)
	objects = slices.DeleteFunc(objects, func(o object) bool { return !strings.HasSuffix(o.key, ".txt") })
	for range devices {
		all["keys"] = append(all["keys"], question{"/" + objects[random.IntN(len(objects))].key, "identity"})
	}
	return all
}

// startServers starts cairn, the nginx that it configures, one that serves
// files as fast as it can, and Caddy.
func (b *bench) startServers(p *project, tree string) map[string]*daemon {
	servers := map[string]*daemon{}
	start := func(name string, command func(dir, address string) []string) {
		dir, address := filepath.Join(b.memory, name), b.freeAddress()
		b.check(os.Mkdir(dir, 0o755))
		servers[name] = b.startDaemon(address, command(dir, address)...)
	}
	start("cairn", func(_, address string) []string {
		return []string{b.absolute(b.cairn), "-C", p.dir, "serve", "--from", "dir:" + tree, "--listen", address}
	})
	start("edge", func(dir, address string) []string {
		b.command(nil, b.absolute(b.cairn), "-C", p.dir, "edge", "nginx", "--out", dir, "--root", tree, "--listen", address)
		return nginx(dir)
	})
	start("files", func(dir, address string) []string {
		b.check(os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, filesConfig, address, tree), 0o644))
		return nginx(dir)
	})
	start("caddy", func(dir, address string) []string {
		config := filepath.Join(dir, "Caddyfile")
		b.check(os.WriteFile(config, fmt.Appendf(nil, caddyConfig, dir, address, tree), 0o644))
		return []string{b.absolute(b.caddy), "run", "--config", config}
	})
	return servers
}

func nginx(dir string) []string {
	return []string{"nginx", "-p", dir, "-c", "nginx.conf", "-g", "daemon off;"}
}

// filesConfig configures an nginx that serves files, and does nothing else.
const filesConfig = `
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
`

// caddyConfig configures a Caddy that serves files, and does nothing else.
const caddyConfig = `
{
	admin off
	auto_https off
	persist_config off
	storage file_system %s
}
http://%s {
	root * %s
	file_server
}
`

// installedNginx says whether there is an nginx with the modules that the edge
// needs.
func installedNginx() bool {
	if _, err := exec.LookPath("nginx"); err == nil {
		_, js := os.Stat("/usr/lib/nginx/modules/ngx_http_js_module.so")
		_, brotli := os.Stat("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
		if js == nil && brotli == nil {
			return true
		}
	}
	fmt.Println("         nginx is not installed with njs and brotli, the serve rows are left out: apt-get install nginx libnginx-mod-http-js libnginx-mod-http-brotli-static")
	return false
}

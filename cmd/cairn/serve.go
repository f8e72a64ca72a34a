package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/publish/dirstore"
	"cairn/publish/edge"
	"cairn/publish/s3store"

	"github.com/spf13/cobra"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	listen, from string
	cert, key    string
	metrics      string // address
	console      bool
	at           cli.At
}

const fromDefinitions = "definitions"

func serveCommand(global *globalOptions) *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer devices: the query API, and the tree beside it",
		Long: `serve answers GET /api/v0/releases/latest and /api/v0/releases/latest/url, and
serves the tree of answers and payloads beside them: from a published folder or
bucket, or straight from the definitions, as they are when it starts. A link
that leads out of the folder is not followed.

It speaks HTTP/1.1 and HTTP/2, in clear text (h2c) or with TLS. Each request is
a line of JSON on standard error. An interrupt lets requests under way finish.

/healthz answers 200 while there is something to serve, and 503 otherwise.
--metrics ADDR answers /metrics there, in the text format of Prometheus:
requests by door and status, how long they took, and the age of the publish.`,
		Example: `  cairn serve
  cairn serve --from definitions --at 2026-12-01T09:00:00Z
  cairn serve --from dir:public --listen :8443 --tls-cert cert.pem --tls-key key.pem`,
		PreRunE: func(*cobra.Command, []string) error {
			if (opts.cert == "") != (opts.key == "") {
				return cli.Usagef("--tls-cert and --tls-key go together")
			}
			return nil
		},
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error { return runServe(cmd, global, p, &opts) }),
	}
	f := cmd.Flags()
	f.StringVar(&opts.listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&opts.from, "from", "", `what to serve: dir:DIR, relative to the working directory, s3://BUCKET or "definitions" (default: what [publish] names, or else the definitions)`)
	f.StringVar(&opts.cert, "tls-cert", "", "certificate chain, a PEM `file`")
	f.StringVar(&opts.key, "tls-key", "", "its private key, a PEM `file`")
	f.StringVar(&opts.metrics, "metrics", "", "`address` for /metrics, such as 127.0.0.1:9090; not one that devices reach")
	f.BoolVar(&opts.console, "console", false, "also serve the page of 'cairn report' at "+consolePath+", as the definitions are at each moment")
	cli.AddAt(cmd, &opts.at)
	return cmd
}

func runServe(cmd *cobra.Command, global *globalOptions, p *project, opts *serveOptions) error {
	source, name, err := p.source(opts)
	if err != nil {
		return err
	}
	layout := manifest.LayoutOf(p.fleet)
	there, err := published(cmd.Context(), source, layout)
	if err != nil {
		return fmt.Errorf("serve %s: %w", name, err)
	}
	if !there {
		fmt.Fprintf(cmd.ErrOrStderr(), "nothing is published in %s below %q yet: run \"cairn publish\", or serve --from %s\n", name, layout.Prefix, fromDefinitions)
	}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	var now func() time.Time
	if _, far := source.(*s3store.Store); far {
		now = time.Now
	}
	handler := edge.New(source, edge.Options{
		Now:    now,
		Layout: layout,
		Order:  p.fleet.Project.Order,
		Cache:  p.fleet.Cache,
		Eager:  p.fleet.Project.Eager,
		Key:    p.fleet.Project.Key,
		Failed: func(r *http.Request, err error) {
			log.ErrorContext(r.Context(), "no answer", "uri", r.RequestURI, "error", err)
		},
	})
	counted := newMetrics(publishedSince(source, layout.Prefix))
	answers := observed(edge.Below(p.fleet.Project.BasePath(), handler), accessLog(log), counted.count)
	if opts.console {
		answers = withConsole(answers, &consolePage{global: global, cmd: cmd, at: opts.at})
	}
	server := &http.Server{
		Handler:           withHealth(answers, source, layout),
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,

		DisableGeneralOptionsHandler: true,

		Protocols: new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	if opts.metrics != "" {
		listener, err := net.Listen("tcp", opts.metrics)
		if err != nil {
			return fmt.Errorf("--metrics %s: %w", opts.metrics, err)
		}
		defer listener.Close()
		fmt.Fprintf(cmd.ErrOrStderr(), "metrics on http://%s/metrics\n", listener.Addr())
		go func() { _ = (&http.Server{Handler: counted, ReadTimeout: 10 * time.Second}).Serve(listener) }()
	}
	return listenAndServe(cmd, server, opts, name)
}

// withHealth answers /healthz, and leaves all else to the answers. No key of a
// tree and no question of a device begins so.
func withHealth(answers http.Handler, source edge.Source, layout manifest.Layout) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			answers.ServeHTTP(w, r)
			return
		}
		there, err := published(r.Context(), source, layout)
		switch {
		case err != nil:
			http.Error(w, "what is published cannot be read", http.StatusServiceUnavailable)
		case !there:
			http.Error(w, "nothing is published yet", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
}

// published says whether there is something to serve.
func published(ctx context.Context, source edge.Source, layout manifest.Layout) (bool, error) {
	o, err := source.Get(ctx, layout.CohortKey(layout.ShardName(0)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, o.Close()
}

// source is what a flag names.
func (p *project) source(opts *serveOptions) (edge.Source, string, error) {
	if opts.from == fromDefinitions || opts.from == "" && p.fleet.Publish.To == "" {
		at := opts.at.Instant()
		return p.site(at, nil), "the definitions as of " + at.Format(time.RFC3339), nil
	}
	store, err := p.store(opts.from, 0)
	if err != nil {
		return nil, "", err
	}
	if !opts.at.IsZero() {
		return nil, "", cli.Usagef("--at goes with --from definitions: %s was decided when it was published", store)
	}
	if dir, ok := store.(*dirstore.Store); ok {
		store = dir.Confined()
	}
	return store, store.String(), nil
}

// drain is how long requests under way may take after an interrupt.
const drain = 10 * time.Second

func listenAndServe(cmd *cobra.Command, server *http.Server, opts *serveOptions, name string) error {
	ctx := cmd.Context()
	scheme := "http"
	if opts.cert != "" {
		pair, err := tls.LoadX509KeyPair(opts.cert, opts.key)
		if err != nil {
			return cli.Usagef("--tls-cert and --tls-key: %w", err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		scheme = "https"
	}
	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", opts.listen, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "serving %s on %s://%s\n", name, scheme, listener.Addr())
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	if opts.cert != "" {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("requests were still under way after %s", drain)
	}
	return nil
}

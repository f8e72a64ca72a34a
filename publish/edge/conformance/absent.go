package conformance

import (
	"net/http"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
	"cairn/releases"
)

// gone is the answer where nothing is. S3 gives 403 for a missing key to who
// may not list the bucket.
func gone() Want { return Want{Status: []int{http.StatusNotFound, http.StatusForbidden}} }

// absent asks for what is not there.
func (g *generator) absent() {
	cohorts, layout := g.layout.CohortsFolder(), g.layout
	missing := func(name, key string) { g.add(g.direct("absent/"+name, key, gone())) }
	missing("a file beside the shards", cohorts+"x.txt")
	missing("a shard without its end", strings.TrimSuffix(layout.CohortKey(layout.ShardName(0)), ".txt"))
	missing("a shard with too many digits", layout.CohortKey(layout.ShardName(0)+"0"))
	missing("below a shard", layout.CohortKey(layout.ShardName(0))+"/x")
	missing("a listing of the shards", cohorts)
	missing("a listing of everything", layout.Prefix+"/v1/")
	missing("an unknown folder", layout.Prefix+"/v2/cohorts/"+layout.ShardName(0)+".txt")
	missing("a payload", layout.PayloadKey(strings.Repeat("0", 64), "no-such-file.bin"))
	if len(g.tree.Payloads) > 0 {
		p := g.tree.Payloads[0]
		missing("a payload of another name", layout.PayloadKey(p.SHA256, p.Name+"x"))
		missing("a payload without its name", strings.TrimSuffix(layout.PayloadKey(p.SHA256, p.Name), releases.Escape(p.Name)))
	}
	d := g.update
	answer := func(t manifest.Target, cohort, segment, bucket string) string {
		return layout.AnswerFolder(t, cohort, segment) + bucket + string(manifest.Text)
	}
	none := layout.BucketName(0)
	missing("an unknown cohort", answer(d.Target, "no-such-cohort", manifest.OtherSegment, none))
	missing("an unknown version", answer(d.Target, releases.DefaultCohort, releases.Escape(unheard), none))
	missing("unknown hardware", answer(manifest.Target{SoftwareType: d.Target.SoftwareType, HardwareVersion: "unheard-of"}, releases.DefaultCohort, manifest.OtherSegment, none))
	missing("too many digits", answer(d.Target, releases.DefaultCohort, manifest.OtherSegment, none+"0"))
	missing("a listing of a folder", layout.AnswerFolder(d.Target, releases.DefaultCohort, manifest.OtherSegment))
	var folderless []string
	for _, t := range g.targets {
		for _, v := range g.tree.Known[t] {
			if folder := layout.AnswerFolder(t, releases.DefaultCohort, releases.Escape(v)); g.tree.Folder(folder) == nil {
				folderless = append(folderless, folder)
			}
		}
	}
	for i := range spread(len(folderless), mostHeads) {
		missing("a version without a folder/"+strings.TrimPrefix(folderless[i], layout.Prefix+"/v1/latest/"), folderless[i]+none+string(manifest.Text))
	}
	for _, c := range g.cohorts {
		for i := range layout.Buckets() {
			if _, ok := c.buckets[i]; !ok && c.Slug != releases.DefaultCohort {
				missing("a bucket without a device/"+c.Slug, answer(d.Target, c.Slug, manifest.OtherSegment, layout.BucketName(i)))
				break
			}
		}
	}
	for _, path := range []string{"/api/v0/releases", edge.LatestPath + "/", edge.LatestPath + "x", edge.LatestURLPath + "/", edge.LatestURLPath + "s", "/api/v1/releases/latest"} {
		g.add(g.question("absent"+path, path+"?"+query(d), gone()))
	}
	g.add(g.direct("hidden/state", publish.StateKey(layout.Prefix), gone()).needing(Hidden))
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		refused := gone() // and nothing is there that could be deleted
		refused.Status = append(refused.Status, http.StatusMethodNotAllowed, http.StatusNotImplemented)
		c := g.direct("method/"+method, cohorts+"x.txt", refused)
		c.Method = method
		g.add(c.with("Content-Length: 0", closeLine))
	}
}

// traversal asks for what lies outside of the tree, by paths that a client
// would have normalised (RFC 3986 section 5.2.4).
func (g *generator) traversal() {
	refused := gone()
	refused.Status = append(refused.Status, http.StatusBadRequest)
	base := "/" + g.layout.Prefix + "/v1/"
	up := strings.Count(base, "/")
	for _, dots := range []string{"..", "%2e%2e", "%2E.", "..%2f", "..%5c", `..\`, "%252e%252e", "..;", "....", "..%00", "%c0%ae%c0%ae", "..%c0%af"} {
		for _, file := range []string{releases.ProjectFile, "etc/passwd"} {
			target := base + "cohorts/" + strings.Repeat(dots+"/", up) + file
			if file == "etc/passwd" {
				target = base + strings.Repeat(dots+"/", up+16) + file
			}
			c := g.direct("traversal/dots/"+dots+"/"+file, "", refused)
			c.Target = target
			g.add(c)
		}
	}
	for _, target := range []string{"/../" + releases.ProjectFile, "/" + releases.ProjectFile, "//etc/passwd", "/%2fetc/passwd", base + "/etc/passwd", base + "cohorts/%00", base + "%zz", base + "%"} {
		c := g.direct("traversal/path"+target, "", refused)
		c.Target = target
		g.add(c)
	}
}

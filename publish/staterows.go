package publish

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// foldersJSON is the folders of an inventory. Their rows repeat: the folders of
// the same devices have the same buckets, and most of those divide them alike by
// the answers that they have.
type foldersJSON struct {
	Buckets [][]int      `json:"buckets"` // distinct lists: where a run begins, and how many buckets it has, in turn
	Rows    []rowJSON    `json:"rows"`    // distinct
	Folders []folderJSON `json:"folders"`
}

// rowJSON is a row of buckets, divided into groups.
type rowJSON struct {
	Buckets int `json:"buckets"` // its place in [foldersJSON]
	// Groups has a character for each bucket: [groupRune] of its group. It is
	// empty where each bucket is a group of its own, in their order.
	Groups string `json:"groups,omitempty"`
}

type folderJSON struct {
	Key     string   `json:"key"`
	Digits  int      `json:"digits"`
	Row     int      `json:"row"`     // its place in [foldersJSON]
	Answers []uint32 `json:"answers"` // of each group the place in the answers, from 1
}

// groupRune stands for a group, from 0: characters from "0" on, without those
// that are none (RFC 3629 section 3).
func groupRune(group int) rune {
	const first, surrogates, beyond = '0', 0xD800, 0x800
	if r := rune(first + group); r < surrogates {
		return r
	}
	return rune(first + group + beyond)
}

// groupOf is the inverse of [groupRune].
func groupOf(r rune) int {
	if r >= 0xE000 {
		r -= 0x800
	}
	return int(r - '0')
}

func encodeFolders(l *Inventory) (out foldersJSON) {
	lists, rows := map[string]int{}, interned[rowJSON]{}
	var buckets []byte
	numbers := make([]uint32, len(l.Answers)) // of the groups of a row, from 1, by answer
	for _, f := range l.Folders {
		buckets = buckets[:0]
		for _, b := range f.Buckets {
			buckets = binary.BigEndian.AppendUint16(buckets, b)
		}
		list, known := lists[string(buckets)]
		if !known {
			list = len(out.Buckets)
			lists[string(buckets)] = list
			out.Buckets = append(out.Buckets, runsOf(f.Buckets))
		}
		var answers []uint32
		groups := make([]byte, 0, len(f.Answers))
		for _, a := range f.Answers {
			if numbers[a] == 0 {
				answers = append(answers, a)
				numbers[a] = uint32(len(answers))
			}
			groups = utf8.AppendRune(groups, groupRune(int(numbers[a]-1)))
		}
		for _, a := range answers {
			numbers[a] = 0
		}
		row := rowJSON{list, string(groups)}
		if len(answers) == len(f.Answers) {
			row.Groups = ""
		}
		at, added := rows.of(row)
		if added {
			out.Rows = append(out.Rows, row)
		}
		out.Folders = append(out.Folders, folderJSON{f.Key, f.Digits, at, answers})
	}
	return out
}

func runsOf(buckets []uint16) (runs []int) {
	for i, bucket := range buckets {
		if n := len(runs); i > 0 && bucket == buckets[i-1]+1 {
			runs[n-1]++
		} else {
			runs = append(runs, int(bucket), 1)
		}
	}
	return runs
}

// decode gives the folders, whose keys and order are still to be checked. They
// point at so many answers.
func (in *foldersJSON) decode(answers int) ([]Folder, error) {
	if in.size() > maxState/4 {
		return nil, errRoom
	}
	lists := make([][]uint16, len(in.Buckets))
	for i, runs := range in.Buckets {
		var err error
		if lists[i], err = bucketsOf(runs); err != nil {
			return nil, err
		}
	}
	var folders []Folder
	for _, f := range in.Folders {
		if f.Row < 0 || f.Row >= len(in.Rows) || slices.ContainsFunc(f.Answers, func(a uint32) bool { return a < 1 || int(a) >= answers }) {
			return nil, errDangling
		}
		row := in.Rows[f.Row]
		if row.Buckets < 0 || row.Buckets >= len(lists) {
			return nil, errDangling
		}
		folder := Folder{f.Key, f.Digits, lists[row.Buckets], f.Answers}
		if row.Groups != "" {
			folder.Answers = make([]uint32, 0, len(folder.Buckets))
		}
		for _, r := range row.Groups {
			group := groupOf(r)
			if group < 0 || group >= len(f.Answers) {
				return nil, errDangling
			}
			folder.Answers = append(folder.Answers, f.Answers[group])
		}
		if len(folder.Answers) != len(folder.Buckets) {
			return nil, errDangling
		}
		folders = append(folders, folder)
	}
	return folders, nil
}

// bucketsOf is the inverse of [runsOf], for one bucket at least.
func bucketsOf(runs []int) (buckets []uint16, err error) {
	next := 0 // the lowest that may follow
	for ; len(runs) > 1; runs = runs[2:] {
		first, n := runs[0], runs[1]
		if first < next || n < 1 || n > 1<<16-first {
			return nil, errOrder
		}
		for bucket := first; bucket < first+n; bucket++ {
			buckets = append(buckets, uint16(bucket))
		}
		next = first + n
	}
	if len(runs) > 0 || len(buckets) == 0 {
		return nil, errDangling
	}
	return buckets, nil
}

// size is about how many buckets the folders have: a few words may stand for very
// many.
func (in *foldersJSON) size() (n int) {
	for _, runs := range in.Buckets {
		for i := 1; i < len(runs); i += 2 {
			n += min(max(runs[i], 0), 1<<16)
		}
	}
	for _, f := range in.Folders {
		if f.Row >= 0 && f.Row < len(in.Rows) {
			n += len(in.Rows[f.Row].Groups)
		}
	}
	return n
}

trigger hugetlb-mremap

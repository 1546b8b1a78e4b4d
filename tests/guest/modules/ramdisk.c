// SPDX-License-Identifier: Apache-2.0
/*
 * A disk in memory, /dev/lvram, for the test guest to swap to: the cloud kernel has no driver of
 * one built in.
 */
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#define SIZE (32ul << 20)

static void *memory;
static struct gendisk *disk;
static int major;

static void ram_submit(struct bio *bio)
{
	loff_t at = (loff_t)bio->bi_iter.bi_sector << SECTOR_SHIFT;
	struct bvec_iter iter;
	struct bio_vec vec;

	bio_for_each_segment(vec, bio, iter)
	{
		if (at + vec.bv_len > SIZE) {
			bio_io_error(bio);
			return;
		}
		if (op_is_write(bio_op(bio)))
			memcpy_from_bvec(memory + at, &vec);
		else
			memcpy_to_bvec(&vec, memory + at);
		at += vec.bv_len;
	}
	bio_endio(bio);
}

static const struct block_device_operations operations = {
	.owner = THIS_MODULE,
	.submit_bio = ram_submit,
};

static void __exit ram_exit(void)
{
	if (disk) {
		del_gendisk(disk);
		put_disk(disk);
	}
	if (major > 0)
		unregister_blkdev(major, "lvram");
	vfree(memory);
}

static struct gendisk *new_disk(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	struct gendisk *new = blk_alloc_disk(NULL, NUMA_NO_NODE);

	return IS_ERR(new) ? NULL : new;
#else
	return blk_alloc_disk(NUMA_NO_NODE);
#endif
}

static int __init ram_init(void)
{
	int err = -ENOMEM;

	memory = vzalloc(SIZE);
	major = register_blkdev(0, "lvram");
	if (!memory || major < 0)
		goto out;
	disk = new_disk();
	if (!disk)
		goto out;
	disk->major = major;
	disk->minors = 1;
	disk->fops = &operations;
	strscpy(disk->disk_name, "lvram", sizeof(disk->disk_name));
	set_capacity(disk, SIZE >> SECTOR_SHIFT);
	err = add_disk(disk);
	if (!err)
		return 0;
	put_disk(disk);
	disk = NULL;
out:
	ram_exit();
	return err;
}

module_init(ram_init);
module_exit(ram_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Disk in memory of LVisor's tests");

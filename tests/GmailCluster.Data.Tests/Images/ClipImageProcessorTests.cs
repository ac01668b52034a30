using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Images;

public sealed class ClipImageProcessorTests
{
    private static readonly ClipImageSettings Raw = new() { DoNormalize = false, DoRescale = false, DoResize = false };

    [Fact]
    public void The_samples_processor_loads()
    {
        var processor = ClipImageProcessor.Load(GoldenFolder.Sample("emoji", "emoji-clip"));

        Assert.Equal((64, 64, 3 * 64 * 64), (processor.Height, processor.Width, processor.Size));
    }

    [Fact]
    public void A_picture_smaller_than_the_middle_is_framed_with_zeros()
    {
        var processor = new ClipImageProcessor(Raw with { CropSize = (4, 5) });
        var image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]);
        var chw = new float[processor.Size];
        Array.Fill(chw, -1);

        processor.Process(image, chw);

        // Rounded as transformers' center_crop does: ceil((4 - 1) / 2) rows above, ceil((5 - 2) / 2) columns in front.
        float[] red = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0];
        Assert.Equal(red, chw[..20]);
        Assert.Equal(red.Select(value => value > 0 ? value + 1 : 0), chw[20..40]);
        Assert.Equal(red.Select(value => value > 0 ? value + 2 : 0), chw[40..]);
    }

    [Fact]
    public void The_middle_of_a_larger_picture_is_cut_out()
    {
        var processor = new ClipImageProcessor(Raw with { CropSize = (2, 2) });
        var image = ResamplerTests.Pattern(5, 4);
        var chw = new float[12];

        processor.Process(image, chw);

        Assert.Equal([.. new[] { (1, 1), (2, 1), (1, 2), (2, 2) }.Select(p => (float)image.Rgb[((p.Item2 * 5) + p.Item1) * 3])], chw[..4]);
    }

    [Fact]
    public void A_picture_of_extreme_proportions_costs_only_its_middle()
    {
        var processor = new ClipImageProcessor(new ClipImageSettings());
        var image = new RgbImage(1, 2_000_000, new byte[6_000_000]); // resized whole, it would be 224 x 448,000,000
        var chw = new float[processor.Size];

        processor.Process(image, chw);

        Assert.Equal((float)(-0.48145466 / 0.26862954), chw[0], 5);
    }

    [Fact]
    public void Preparing_a_picture_allocates_next_to_nothing()
    {
        var processor = new ClipImageProcessor(new ClipImageSettings { ShortestEdge = 64, CropSize = (64, 64) });
        var (image, same, chw) = (ResamplerTests.Pattern(500, 375), ResamplerTests.Pattern(64, 64), new float[processor.Size]);
        processor.Process(image, chw);
        processor.Process(same, chw);

        var before = GC.GetAllocatedBytesForCurrentThread();
        processor.Process(same, chw);
        var withoutResizing = GC.GetAllocatedBytesForCurrentThread() - before;
        processor.Process(image, chw);
        var withResizing = GC.GetAllocatedBytesForCurrentThread() - before - withoutResizing;

        Assert.InRange(withoutResizing, 0, 1_000);
        Assert.InRange(withResizing, 0, 64_000); // two kernels: weights by row and column, nothing by pixel
    }

    [Fact]
    public void The_output_must_have_the_right_length()
    {
        var processor = new ClipImageProcessor(new ClipImageSettings());

        Assert.Throws<ArgumentException>(() => processor.Process(ResamplerTests.Pattern(4, 4), new float[7]));
    }

    [Theory]
    [InlineData("""{"size": 32, "crop_size": 30}""", 30, 30)]
    [InlineData("""{"size": {"shortest_edge": 32}, "crop_size": {"height": 20, "width": 30}}""", 20, 30)]
    [InlineData("""{"size": {"height": 20, "width": 24}, "do_center_crop": false, "image_processor_type": "CLIPImageProcessorFast"}""", 20, 24)]
    [InlineData("""{"feature_extractor_type": "CLIPFeatureExtractor"}""", 224, 224)]
    public void Sizes_are_read_as_older_and_newer_files_write_them(string json, int height, int width)
    {
        using var folder = new TemporaryFolder();
        folder.Write("preprocessor_config.json", json);

        var processor = ClipImageProcessor.Load(folder.Path);

        Assert.Equal((height, width), (processor.Height, processor.Width));
    }

    [Fact]
    public void A_processor_config_holds_the_image_processor_inside()
    {
        using var folder = new TemporaryFolder();
        folder.Write("processor_config.json", """{"image_processor": {"crop_size": 8, "resample": 2}, "processor_class": "LlavaProcessor"}""");

        Assert.Equal(8, ClipImageProcessor.Load(folder.Path).Width);
    }

    [Theory]
    [InlineData("""{"image_processor_type": "ViTImageProcessor"}""", ": image_processor_type")]
    [InlineData("""{"resample": 9}""", ": resample")]
    [InlineData("""{"size": {"shortest_edge": 0}}""", ": size.shortest_edge")]
    [InlineData("""{"size": {"longest_edge": 10}}""", ": size")]
    [InlineData("""{"image_mean": [1, 2]}""", ": image_mean")]
    [InlineData("""{"image_std": [1, 0, 1]}""", ": image_std")]
    [InlineData("""{"do_center_crop": false}""", "")]
    [InlineData("""{"do_resize": "yes"}""", ": do_resize")]
    [InlineData("[]", "")]
    [InlineData("{", ":1:2")]
    public void Wrong_settings_are_refused_with_their_place(string json, string place)
    {
        using var folder = new TemporaryFolder();
        folder.Write("preprocessor_config.json", json);

        var refusal = Assert.Throws<InputException>(() => ClipImageProcessor.Load(folder.Path));

        Assert.Equal(folder.At("preprocessor_config.json") + place, refusal.Where);
    }

    [Fact]
    public void A_folder_without_settings_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Throws<InputException>(() => ClipImageProcessor.Load(folder.Path));
    }
}

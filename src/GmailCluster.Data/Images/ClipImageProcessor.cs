using System.Buffers;

namespace GmailCluster.Data.Images;

/// <summary>
/// CLIP's preparation of a picture, equal to transformers' CLIPImageProcessor on Pillow for the same pixels: resize, middle, scale,
/// normalise. Immutable: any number of threads may use one instance.
/// </summary>
// C 3 channels, H and W of the output.
public sealed class ClipImageProcessor
{
    private const int Levels = 256;

    private readonly ClipImageSettings _settings;
    private readonly float[] _levels; // [C, 256]: what each byte becomes

    /// <summary>A processor of given settings.</summary>
    public ClipImageProcessor(ClipImageSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _levels = BuildLevels(settings);
        (Height, Width) = settings.DoCenterCrop
            ? settings.CropSize
            : settings.ResizeTo ?? throw new ArgumentException("Without a centre crop, a fixed height and width are needed.", nameof(settings));
    }

    /// <summary>Height of the result, in pixels.</summary>
    public int Height { get; }

    /// <summary>Width of the result, in pixels.</summary>
    public int Width { get; }

    /// <summary>How many floats one picture becomes: 3 x <see cref="Height"/> x <see cref="Width"/>.</summary>
    public int Size => 3 * Height * Width;

    /// <summary>Reads preprocessor_config.json (or processor_config.json) of a model folder.</summary>
    /// <exception cref="Errors.InputException">It is missing, damaged, or of another kind of processor.</exception>
    public static ClipImageProcessor Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new ClipImageProcessor(ClipImageSettingsReader.Read(folder));
    }

    /// <summary>Prepares one picture.</summary>
    /// <param name="image">Any size.</param>
    /// <param name="chw">Receives [3, Height, Width], <see cref="Size"/> floats.</param>
    public void Process(RgbImage image, Span<float> chw)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (chw.Length != Size)
        {
            throw new ArgumentException($"chw: expected [3, {Height}, {Width}] = {Size} floats, got {chw.Length}.", nameof(chw));
        }

        var (resizedHeight, resizedWidth) = ResizedSize(image);
        // Both may be negative where the picture is smaller than the middle asked for; rows and columns outside are zero.
        var (top, left) = (FloorHalf(resizedHeight - Height), FloorHalf(resizedWidth - Width));
        var (y0, x0) = (Math.Max(0, -top), Math.Max(0, -left));
        var rows = (int)Math.Min(Height - y0, resizedHeight - Math.Max(0, top));
        var columns = (int)Math.Min(Width - x0, resizedWidth - Math.Max(0, left));
        var pixels = ArrayPool<byte>.Shared.Rent(rows * columns * 3);
        try
        {
            var cut = pixels.AsSpan(0, rows * columns * 3);
            Resize(image, (resizedHeight, resizedWidth), (Math.Max(0, top), Math.Max(0, left)), (rows, columns), cut);
            if (rows < Height || columns < Width)
            {
                FillWithBlack(chw);
            }

            Spread(cut, rows, columns, (int)y0, (int)x0, chw);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pixels);
        }
    }

    private (long Height, long Width) ResizedSize(RgbImage image)
    {
        if (!_settings.DoResize)
        {
            return (image.Height, image.Width);
        }

        if (_settings.ResizeTo is var (height, width))
        {
            return (height, width);
        }

        var edge = _settings.ShortestEdge ?? throw new InvalidOperationException("Neither ShortestEdge nor ResizeTo is set.");
        var (shorter, longer) = (Math.Min(image.Width, image.Height), Math.Max(image.Width, image.Height));
        var scaled = (long)((double)((long)edge * longer) / shorter); // cut off, as Python's int() does
        return image.Width <= image.Height ? (scaled, edge) : (edge, scaled);
    }

    private void Resize(
        RgbImage image, (long Height, long Width) resized, (long Top, long Left) origin, (int Rows, int Columns) size, Span<byte> cut)
    {
        if (resized == (image.Height, image.Width))
        {
            for (var y = 0; y < size.Rows; y++)
            {
                var from = (((origin.Top + y) * image.Width) + origin.Left) * 3;
                image.Rgb.AsSpan((int)from, size.Columns * 3).CopyTo(cut[(y * size.Columns * 3)..]);
            }

            return;
        }

        var columns = ResampleKernel.Create(_settings.Resample, image.Width, resized.Width, origin.Left, size.Columns);
        var rows = ResampleKernel.Create(_settings.Resample, image.Height, resized.Height, origin.Top, size.Rows);
        Resampler.Resample(image, columns, rows, cut);
    }

    private void Spread(ReadOnlySpan<byte> cut, int rows, int columns, int y0, int x0, Span<float> chw)
    {
        var plane = Height * Width;
        ReadOnlySpan<float> red = _levels.AsSpan(0, Levels), green = _levels.AsSpan(Levels, Levels), blue = _levels.AsSpan(2 * Levels, Levels);
        for (var y = 0; y < rows; y++)
        {
            var source = cut.Slice(y * columns * 3, columns * 3);
            var start = ((y0 + y) * Width) + x0;
            Span<float> r = chw.Slice(start, columns), g = chw.Slice(plane + start, columns), b = chw.Slice((2 * plane) + start, columns);
            for (var x = 0; x < columns; x++)
            {
                r[x] = red[source[x * 3]];
                g[x] = green[source[(x * 3) + 1]];
                b[x] = blue[source[(x * 3) + 2]];
            }
        }
    }

    private void FillWithBlack(Span<float> chw)
    {
        for (var c = 0; c < 3; c++)
        {
            chw.Slice(c * Height * Width, Height * Width).Fill(_levels[c * Levels]);
        }
    }

    // In the precision of each of the library's steps: scaled in double, kept as float, normalised in float.
    private static float[] BuildLevels(ClipImageSettings settings)
    {
        var levels = new float[3 * Levels];
        for (var i = 0; i < levels.Length; i++)
        {
            var (channel, value) = (i / Levels, (float)(i % Levels));
            value = settings.DoRescale ? (float)((double)value * settings.RescaleFactor) : value;
            levels[i] = settings.DoNormalize ? (value - (float)settings.ImageMean[channel]) / (float)settings.ImageStd[channel] : value;
        }

        return levels;
    }

    private static long FloorHalf(long value) => value >> 1;
}

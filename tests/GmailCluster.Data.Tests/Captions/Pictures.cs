namespace GmailCluster.Data.Tests.Captions;

/// <summary>Bytes that begin as pictures do. Nothing here decodes them.</summary>
internal static class Pictures
{
    public static byte[] Png(byte mark) => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a, mark];

    public static byte[] Jpeg(byte mark) => [0xff, 0xd8, 0xff, 0xe0, mark];
}

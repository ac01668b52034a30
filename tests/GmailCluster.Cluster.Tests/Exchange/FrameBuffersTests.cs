using GmailCluster.Cluster.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class FrameBuffersTests
{
    [Fact]
    public void A_buffer_has_room_for_any_frame_whatever_was_given_back()
    {
        var buffers = new FrameBuffers();
        var first = buffers.Rent();

        buffers.Return(first);
        buffers.Return(first[..(FrameHeader.Size + 100)]); // a small frame that came early was copied out of its buffer

        Assert.Same(first, buffers.Rent());
        Assert.Equal(FrameHeader.Size + FrameHeader.MaxLength, buffers.Rent().Length);
    }
}
